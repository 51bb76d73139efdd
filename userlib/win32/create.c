// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * Creating and opening sections.
 */
#include "internal.h"

#include <errno.h>
#include <unistd.h>

#define SEC_CACHE	(SEC_NOCACHE | SEC_WRITECOMBINE)
#define SEC_KNOWN	(SEC_BASED | SEC_FILE | SEC_IMAGE | SEC_RESERVE | \
			 SEC_COMMIT | SEC_CACHE | SEC_LARGE_PAGES)

#define LARGEST_FILE	((uint64_t)1 << 54)

struct creation {
	uint32_t access;
	uint32_t protect;
	uint32_t attributes;
	uint64_t bytes;
	int file;
	struct object_name name;
};

/* Rows S5 to S13. */
static NTSTATUS check_attributes(uint32_t attributes, bool file)
{
	uint32_t kind = attributes & (SEC_IMAGE | SEC_RESERVE | SEC_COMMIT);

	if (attributes & ~SEC_KNOWN || attributes & SEC_FILE ||
	    !kind || kind & (kind - 1))
		return STATUS_INVALID_PARAMETER_6;
	if (kind == SEC_IMAGE &&
	    attributes & (SEC_BASED | SEC_LARGE_PAGES | SEC_WRITECOMBINE))
		return STATUS_INVALID_PARAMETER_6;
	if (attributes & SEC_LARGE_PAGES && (kind != SEC_COMMIT || file))
		return STATUS_INVALID_PARAMETER_6;
	return STATUS_SUCCESS;
}

/* Rows P10 to P14. */
static uint32_t file_access_needed(uint32_t protect)
{
	uint32_t needed = FILE_READ_DATA;

	if (protect_writes(protect))
		needed |= FILE_WRITE_DATA;
	if (protect_prot(protect) & 4)
		needed |= FILE_EXECUTE;
	return needed;
}

static NTSTATUS get_file(HANDLE handle, struct creation *c)
{
	struct object object;
	uint32_t needed;
	NTSTATUS status;

	c->file = -1;
	if (!handle)
		return STATUS_SUCCESS;
	status = handle_get(handle, OBJECT_FILE, &c->file, &object);
	if (status)
		return status;
	needed = file_access_needed(c->protect);
	/* An image needs no right to execute (I16). */
	if (c->attributes & SEC_IMAGE)
		needed &= ~FILE_EXECUTE;
	return needed & ~object.access ? STATUS_ACCESS_DENIED : STATUS_SUCCESS;
}

static NTSTATUS get_size(const LARGE_INTEGER *size, struct creation *c)
{
	if (size && pointer_bad(size))
		return STATUS_ACCESS_VIOLATION;
	c->bytes = size ? (uint64_t)size->QuadPart : 0;
	if (c->file < 0 && !c->bytes)
		return STATUS_INVALID_PARAMETER_4;
	/* What could never be mapped, and no file of Windows can have (C10). */
	if (c->bytes > (c->file < 0 ? HIGHEST_ADDRESS : LARGEST_FILE))
		return STATUS_SECTION_TOO_BIG;
	if (c->attributes & SEC_LARGE_PAGES &&
	    c->bytes % GetLargePageMinimum())
		return STATUS_INVALID_PARAMETER_4;
	return STATUS_SUCCESS;
}

/* The protections of an image are its own (S19, I56). */
static uint32_t section_prot(const struct creation *c)
{
	uint32_t prot = SECTION_PROT_READ;

	if (c->attributes & SEC_IMAGE)
		return c->attributes & SEC_NOCACHE ?
		       SECTION_PROT_READ | SECTION_PROT_WRITE :
		       SECTION_PROT_READ | SECTION_PROT_WRITE |
		       SECTION_PROT_EXECUTE;
	if (protect_writes(c->protect))
		prot |= SECTION_PROT_WRITE;
	if (protect_prot(c->protect) & 4)
		prot |= SECTION_PROT_EXECUTE;
	return prot;
}

static uint32_t create_flags(const struct creation *c)
{
	uint32_t flags = 0;

	/* Of a file it has no effect (S3, L16). */
	if (c->attributes & SEC_RESERVE && c->file < 0)
		flags |= SECTION_CREATE_RESERVE;
	if (c->attributes & SEC_BASED)
		flags |= SECTION_CREATE_BASED;
	if (c->attributes & SEC_LARGE_PAGES)
		flags |= SECTION_CREATE_LARGE_ONLY;
	if (c->attributes & SEC_IMAGE)
		flags |= SECTION_CREATE_IMAGE;
	return flags;
}

static int open_kernel(const struct object_name *name, uint32_t rights)
{
	struct section_attributes a = SECTION_ATTRIBUTES_INIT;
	int fd;

	a.rights = rights;
	a.global = name->global;
	a.inherit = name->inherit;
	do
		fd = section_open_at(SECTION_DEVICE_DEFAULT, name->name, &a);
	while (fd < 0 && errno == EINTR);
	return fd;
}

/* A handle with these rights in place of @fd. */
static int narrow(int fd, uint32_t rights, bool inherit)
{
	int narrower = section_duplicate(fd, rights, inherit ?
					 SECTION_DUPLICATE_INHERIT : 0);
	int error = errno;

	close(fd);
	errno = error;
	return narrower;
}

/*
 * The mode of the section decides what may be opened, its protection does not
 * (A6b): rights that no handle of it could have are not asked for.
 */
static int open_what_protection_gives(const struct object_name *name,
				      uint32_t *access)
{
	int fd = open_kernel(name, SECTION_RIGHTS_MAXIMUM);
	struct section_facts facts;
	uint32_t wanted;

	if (fd < 0)
		return -1;
	if (section_facts(fd, &facts)) {
		close(fd);
		errno = EACCES;
		return -1;
	}
	if (*access & MAXIMUM_ALLOWED)
		*access |= facts.rights;
	wanted = *access & section_rights_of_prot(facts.prot);
	if (wanted & ~facts.rights) {
		close(fd);
		errno = EACCES;
		return -1;
	}
	return narrow(fd, section_kernel_rights_of(fd, *access) & facts.rights,
		      name->inherit);
}

/* Views of an image need whatever its segments need (I48). */
static int all_of_image(const struct object_name *name, int fd)
{
	struct section_facts facts;

	if (section_facts(fd, &facts) ||
	    !(facts.attributes & SECTION_ATTR_IMAGE))
		return fd;
	close(fd);
	return open_kernel(name, SECTION_RIGHTS_MAXIMUM);
}

static int open_existing(const struct object_name *name, uint32_t *access)
{
	int fd;

	if (!(*access & MAXIMUM_ALLOWED)) {
		fd = open_kernel(name, section_kernel_rights(*access));
		if (fd >= 0)
			return all_of_image(name, fd);
		if (errno != EACCES)
			return fd;
	}
	return open_what_protection_gives(name, access);
}

static int create_kernel(const struct creation *c, bool *existed)
{
	struct section_attributes a = SECTION_ATTRIBUTES_INIT;
	const struct object_name *name = &c->name;
	int fd;

	a.bytes = c->bytes;
	a.prot = section_prot(c);
	if (!(c->access & MAXIMUM_ALLOWED) && !(c->attributes & SEC_IMAGE))
		a.rights = section_kernel_rights(c->access) &
			   section_rights_of_prot(a.prot);
	a.mode = 0700;
	a.file_fd = c->file;
	a.global = name->named && name->global;
	a.inherit = name->inherit;
	a.flags = create_flags(c);
	*existed = false;
	do
		fd = section_create_at(SECTION_DEVICE_DEFAULT,
				       name->named ? name->name : NULL, &a,
				       name->named && name->open_existing ?
				       existed : NULL);
	while (fd < 0 && errno == EINTR);
	return fd;
}

static NTSTATUS create_status(const struct creation *c, int error)
{
	/* C13: an anonymous section is charged at its creation. */
	if (error == ENOMEM && c->file < 0)
		return c->attributes & SEC_LARGE_PAGES ?
		       STATUS_INSUFFICIENT_RESOURCES : STATUS_COMMITMENT_LIMIT;
	if (error == EINVAL && c->file < 0)
		return STATUS_INVALID_PARAMETER_4;
	if (c->attributes & SEC_IMAGE && (error == ENOEXEC || error == ENODATA))
		return image_refusal(c->file);
	return status_from_errno(error, STATUS_UNSUCCESSFUL);
}

/* What there is to know of a new section that the kernel will not keep. */
static void remember(int fd, const struct creation *c)
{
	uint32_t cache = (c->attributes & SEC_NOCACHE ? PAGE_NOCACHE : 0) |
			 (c->attributes & SEC_WRITECOMBINE ?
			  PAGE_WRITECOMBINE : 0);
	struct section_facts facts;

	/* S11: of an image this is about execution. */
	if (c->attributes & SEC_IMAGE ||
	    (!cache && c->protect != PAGE_EXECUTE))
		return;
	/* As long as it is open, no other section gets the same number. */
	if (kept_fd(KEPT_DEVICE) >= 0 && !section_facts(fd, &facts))
		section_remember(facts.id, c->protect, cache);
}

static NTSTATUS create(struct creation *c, HANDLE *handle)
{
	struct object object = { .type = OBJECT_SECTION };
	bool existed;
	int fd = create_kernel(c, &existed);

	/* EACCES can be about a section of that name, and what it grants. */
	if (fd < 0 && errno == EACCES && c->name.named &&
	    c->name.open_existing) {
		fd = open_existing(&c->name, &c->access);
		if (fd < 0 && errno == ENOENT)
			errno = EACCES;
		existed = true;
	}
	if (fd < 0)
		return create_status(c, errno);
	if (!existed)
		remember(fd, c);
	if (c->access & MAXIMUM_ALLOWED)
		c->access |= section_rights_of_prot(section_prot(c));
	object.access = c->access & ~MAXIMUM_ALLOWED;
	if (handle_create(fd, &object, handle))
		return STATUS_NO_MEMORY;
	return existed ? STATUS_OBJECT_NAME_EXISTS : STATUS_SUCCESS;
}

NTSTATUS NtCreateSection(PHANDLE SectionHandle, ACCESS_MASK DesiredAccess,
			 POBJECT_ATTRIBUTES ObjectAttributes,
			 PLARGE_INTEGER MaximumSize,
			 ULONG SectionPageProtection,
			 ULONG AllocationAttributes, HANDLE FileHandle)
{
	struct creation c = {
		.access = section_access(DesiredAccess),
		.protect = SectionPageProtection,
		.attributes = AllocationAttributes,
	};
	NTSTATUS status;

	if (pointer_bad(SectionHandle))
		return STATUS_ACCESS_VIOLATION;
	*SectionHandle = NULL;
	status = check_attributes(AllocationAttributes, FileHandle);
	if (status)
		return status;
	if (SectionPageProtection & ~PROTECT_BASE ||
	    !protect_valid(SectionPageProtection) ||
	    SectionPageProtection == PAGE_NOACCESS)
		return STATUS_INVALID_PAGE_PROTECTION;
	status = object_name_parse(ObjectAttributes, false, &c.name);
	if (!status)
		status = get_file(FileHandle, &c);
	/* C12, S14 */
	if (!status && AllocationAttributes & SEC_IMAGE && c.file < 0)
		status = STATUS_INVALID_FILE_FOR_SECTION;
	if (!status)
		status = get_size(MaximumSize, &c);
	return status ? status : create(&c, SectionHandle);
}

NTSTATUS NtOpenSection(PHANDLE SectionHandle, ACCESS_MASK DesiredAccess,
		       POBJECT_ATTRIBUTES ObjectAttributes)
{
	struct object object = { .type = OBJECT_SECTION };
	uint32_t access = section_access(DesiredAccess);
	struct object_name name;
	NTSTATUS status;
	int fd;

	if (pointer_bad(SectionHandle))
		return STATUS_ACCESS_VIOLATION;
	*SectionHandle = NULL;
	status = object_name_parse(ObjectAttributes, true, &name);
	if (status)
		return status;
	fd = open_existing(&name, &access);
	if (fd < 0)
		return status_from_errno(errno, STATUS_UNSUCCESSFUL);
	object.access = access & ~MAXIMUM_ALLOWED;
	return handle_create(fd, &object, SectionHandle);
}
