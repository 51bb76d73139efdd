// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * Mapping and unmapping views.
 */
#include "internal.h"

#include <errno.h>
#include <sys/mman.h>

struct mapping_request {
	int fd;
	struct section_facts facts;
	uintptr_t base;		/* 0 for anywhere */
	uintptr_t limit;
	uint64_t offset;
	uint64_t bytes;		/* as the caller counts */
	size_t length;		/* in whole pages */
	size_t commit;
	uint32_t protect;
	bool no_inherit;
	bool beyond;
};

/* What can be said without looking at any object. */
static NTSTATUS check_arguments(uintptr_t base, ULONG_PTR zero_bits,
				size_t size, SECTION_INHERIT inherit,
				ULONG type, ULONG protect)
{
	if (inherit != ViewShare && inherit != ViewUnmap)
		return STATUS_INVALID_PARAMETER_8;
	if (type & ~(MEM_RESERVE | MEM_TOP_DOWN))
		return STATUS_INVALID_PARAMETER_9;
	if (!place_limit(zero_bits) || (zero_bits && base))
		return STATUS_INVALID_PARAMETER_4;
	if (base >= HIGHEST_ADDRESS || size > HIGHEST_ADDRESS - base)
		return STATUS_INVALID_PARAMETER_3;
	return protect_valid(protect) ? STATUS_SUCCESS :
					STATUS_INVALID_PAGE_PROTECTION;
}

/* M1 */
static NTSTATUS check_access(uint32_t access, uint32_t protect)
{
	return protect_needs(protect) & ~access ? STATUS_ACCESS_DENIED :
						  STATUS_SUCCESS;
}

static NTSTATUS get_section(HANDLE handle, uint32_t protect, int *fd,
			    struct object *object)
{
	NTSTATUS status = handle_get(handle, OBJECT_SECTION, fd, object);

	return status ? status : check_access(object->access, protect);
}

/* V16 to V18, and M2. */
static NTSTATUS check_section(const struct mapping_request *m)
{
	const struct section_facts *f = &m->facts;

	if (m->beyond && (!(f->attributes & SECTION_ATTR_FILE) ||
			  f->attributes & SECTION_ATTR_IMAGE))
		return STATUS_INVALID_PARAMETER_9;
	/* I48: what is asked for does not matter, but to the handle. */
	if (f->attributes & SECTION_ATTR_IMAGE)
		return STATUS_SUCCESS;
	if (m->beyond && !(f->prot & SECTION_PROT_WRITE))
		return STATUS_SECTION_PROTECTION;
	if (!protect_fits_section(f->page_protect, m->protect))
		return STATUS_SECTION_PROTECTION;
	return STATUS_SUCCESS;
}

/* V5 to V8, V16. */
static NTSTATUS get_length(struct mapping_request *m)
{
	uint64_t rest;

	if (m->offset > m->facts.bytes)
		return STATUS_INVALID_VIEW_SIZE;
	rest = m->facts.bytes - m->offset;
	if (!m->bytes)
		m->bytes = rest;
	if (!m->bytes || (m->bytes > rest && !m->beyond))
		return STATUS_INVALID_VIEW_SIZE;
	if (m->commit > m->bytes && !m->beyond)
		return STATUS_INVALID_PARAMETER_5;
	m->length = round_up(m->bytes, PAGE);
	if (m->base && m->length > HIGHEST_ADDRESS - m->base)
		return STATUS_INVALID_PARAMETER_3;
	return STATUS_SUCCESS;
}

/* S18: all views of a based section are at its base. */
static NTSTATUS get_base(struct mapping_request *m)
{
	uintptr_t base;

	if (!(m->facts.attributes & SECTION_ATTR_BASED) || !m->facts.base)
		return STATUS_SUCCESS;
	base = (uintptr_t)(m->facts.base + m->offset);
	if (m->base && m->base != base)
		return STATUS_CONFLICTING_ADDRESSES;
	m->base = base;
	return STATUS_SUCCESS;
}

static bool map_at(const struct mapping_request *m, uintptr_t address)
{
	uint32_t flags = 0;

	if (protect_copies(m->protect))
		flags |= SECTION_MAP_PRIVATE;
	if (m->no_inherit)
		flags |= SECTION_MAP_NO_INHERIT;
	if (m->beyond)
		flags |= SECTION_MAP_BEYOND;
	return section_map_fixed(m->fd, (void *)address,
				 protect_prot(m->protect), flags, m->offset,
				 m->length);
}

NTSTATUS map_status(int error, bool fixed)
{
	switch (error) {
	case EEXIST:
		return fixed ? STATUS_CONFLICTING_ADDRESSES : STATUS_NO_MEMORY;
	case ENOMEM:
		return STATUS_NO_MEMORY;
	}
	return status_from_errno(error, STATUS_UNSUCCESSFUL);
}

/* Leaves the address in @m->base. */
static NTSTATUS map_somewhere(struct mapping_request *m)
{
	int attempts;

	if (m->base) {
		if (allocation_overlaps(m->base, m->base + m->length))
			return STATUS_CONFLICTING_ADDRESSES;
		return map_at(m, m->base) ? STATUS_SUCCESS :
					    map_status(errno, true);
	}
	for (attempts = 0; attempts < PLACE_ATTEMPTS; attempts++) {
		uintptr_t at = place_find(m->length, m->limit);

		if (!at)
			return STATUS_NO_MEMORY;
		if (map_at(m, at)) {
			m->base = at;
			return STATUS_SUCCESS;
		}
		if (errno != EEXIST)
			break;
	}
	return map_status(errno, false);
}

static struct allocation *note_view(const struct mapping_request *m)
{
	bool copies = protect_copies(m->protect);
	uint32_t protect = m->protect & PROTECT_PAGE;
	struct allocation *a;

	a = allocation_new(m->base, m->length, MEM_MAPPED, protect,
			   protect | (copies ? RUN_COPIES : 0));
	if (!a)
		return NULL;
	a->anchor = anchor_get(m->fd, &m->facts);
	a->offset = m->offset;
	a->section = m->facts.id;
	a->cache = m->facts.cache | (m->protect & PROTECT_CACHE);
	a->file = m->facts.attributes & SECTION_ATTR_FILE;
	a->sparse = m->facts.attributes & SECTION_ATTR_RESERVE || m->beyond;
	a->no_inherit = m->no_inherit;
	return a;
}

/* L15 */
static NTSTATUS commit_some(struct allocation *a,
			    const struct mapping_request *m)
{
	if (!m->commit || !(m->facts.attributes & SECTION_ATTR_RESERVE))
		return STATUS_SUCCESS;
	return view_commit(a, a->base, a->base + round_up(m->commit, PAGE));
}

static NTSTATUS map_image(struct mapping_request *m)
{
	struct image_request r = {
		.fd = m->fd,
		.facts = &m->facts,
		.base = m->base,
		.limit = m->limit,
		.offset = m->offset,
		.length = m->length,
		.execute = m->facts.prot & SECTION_PROT_EXECUTE,
		.no_inherit = m->no_inherit,
	};
	NTSTATUS status = image_map(&r);

	m->base = r.base;
	return status;
}

static NTSTATUS map_locked(struct mapping_request *m)
{
	struct allocation *a;
	NTSTATUS status;

	if (m->facts.attributes & SECTION_ATTR_IMAGE)
		return map_image(m);
	status = map_somewhere(m);
	if (status)
		return status;
	a = note_view(m);
	if (!a) {
		munmap((void *)m->base, m->length);
		return STATUS_NO_MEMORY;
	}
	status = commit_some(a, m);
	if (status) {
		munmap((void *)m->base, m->length);
		allocation_remove(a);
	}
	return status;
}

/* V1, V3, V9: before anything is said about sizes. */
static bool aligned(uintptr_t base, uint64_t offset)
{
	return !(base % GRANULE) && !(offset % GRANULE);
}

static NTSTATUS map_here(struct mapping_request *m)
{
	NTSTATUS status;

	if (section_facts(m->fd, &m->facts))
		return status_from_errno(errno, STATUS_INVALID_HANDLE);
	status = check_section(m);
	if (!status)
		status = get_length(m);
	if (!status)
		status = get_base(m);
	if (status)
		return status;
	memory_lock();
	status = map_locked(m);
	memory_unlock();
	return status;
}

/*
 * For another process, which has no handle here: a child of fork(2) would keep
 * it.  It has checked everything, and is not believed.
 */
NTSTATUS map_descriptor(int fd, uint32_t access, PVOID *base,
			ULONG_PTR zero_bits, SIZE_T commit, LONGLONG offset,
			PSIZE_T size, SECTION_INHERIT inherit, ULONG type,
			ULONG protect)
{
	struct mapping_request m = {
		.fd = fd,
		.base = (uintptr_t)*base,
		.limit = place_limit(zero_bits),
		.offset = (uint64_t)offset,
		.bytes = *size,
		.commit = commit,
		.protect = protect,
		.no_inherit = inherit == ViewUnmap,
		.beyond = type & MEM_RESERVE,
	};
	NTSTATUS status;

	status = check_arguments(m.base, zero_bits, *size, inherit, type,
				 protect);
	if (!status)
		status = check_access(access, protect);
	if (!status && !aligned(m.base, m.offset))
		status = STATUS_MAPPED_ALIGNMENT;
	if (!status)
		status = map_here(&m);
	if (!NT_SUCCESS(status))
		return status;
	*base = (PVOID)m.base;
	*size = m.length;
	return status;
}

NTSTATUS NtMapViewOfSection(HANDLE SectionHandle, HANDLE ProcessHandle,
			    PVOID *BaseAddress, ULONG_PTR ZeroBits,
			    SIZE_T CommitSize, PLARGE_INTEGER SectionOffset,
			    PSIZE_T ViewSize,
			    SECTION_INHERIT InheritDisposition,
			    ULONG AllocationType, ULONG Win32Protect)
{
	struct mapping_request m = {
		.limit = place_limit(ZeroBits),
		.commit = CommitSize,
		.protect = Win32Protect,
		.no_inherit = InheritDisposition == ViewUnmap,
		.beyond = AllocationType & MEM_RESERVE,
	};
	struct object object;
	NTSTATUS status;
	pid_t pid;

	if (pointer_bad(BaseAddress) || pointer_bad(ViewSize) ||
	    (SectionOffset && pointer_bad(SectionOffset)))
		return STATUS_ACCESS_VIOLATION;
	m.base = (uintptr_t)*BaseAddress;
	m.bytes = *ViewSize;
	m.offset = SectionOffset ? (uint64_t)SectionOffset->QuadPart : 0;
	status = check_arguments(m.base, ZeroBits, *ViewSize,
				 InheritDisposition, AllocationType,
				 Win32Protect);
	if (!status)
		status = process_pid(ProcessHandle, PROCESS_VM_OPERATION, &pid);
	if (!status)
		status = get_section(SectionHandle, Win32Protect, &m.fd,
				     &object);
	if (status)
		return status;
	if (!aligned(m.base, m.offset))
		return STATUS_MAPPED_ALIGNMENT;
	if (pid)
		return remote_map(pid, m.fd, object.access, BaseAddress,
				  ZeroBits, CommitSize, (LONGLONG)m.offset,
				  ViewSize, InheritDisposition, AllocationType,
				  Win32Protect);
	status = map_here(&m);
	if (!NT_SUCCESS(status))
		return status;
	*BaseAddress = (PVOID)m.base;
	*ViewSize = m.length;
	return status;
}

static NTSTATUS unmap_locked(uintptr_t address)
{
	struct allocation *a = allocation_find(address);

	if (!a || !allocation_is_view(a))
		return STATUS_NOT_MAPPED_VIEW;
	if (munmap((void *)a->base, a->size))
		return STATUS_NO_MEMORY;
	allocation_remove(a);
	return STATUS_SUCCESS;
}

NTSTATUS NtUnmapViewOfSection(HANDLE ProcessHandle, PVOID BaseAddress)
{
	NTSTATUS status;
	pid_t pid;

	status = process_pid(ProcessHandle, PROCESS_VM_OPERATION, &pid);
	if (status)
		return status;
	if (pid)
		return remote_unmap(pid, BaseAddress);
	memory_lock();
	status = unmap_locked((uintptr_t)BaseAddress);
	memory_unlock();
	return status;
}
