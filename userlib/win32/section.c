// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * Asking about sections, and extending them.
 */
#include "internal.h"

#include <errno.h>

/* Rows S1 to S4. */
static ULONG attributes_of(const struct section_facts *facts)
{
	ULONG attributes = SEC_COMMIT;

	if (facts->attributes & SECTION_ATTR_IMAGE)
		return SEC_FILE | SEC_IMAGE;
	if (facts->attributes & SECTION_ATTR_FILE)
		attributes = SEC_FILE;
	else if (facts->attributes & SECTION_ATTR_RESERVE)
		attributes = SEC_RESERVE;
	if (facts->attributes & SECTION_ATTR_BASED)
		attributes |= SEC_BASED;
	if (facts->attributes & SECTION_ATTR_LARGE_ALL)
		attributes |= SEC_LARGE_PAGES;
	if (facts->cache & PAGE_NOCACHE)
		attributes |= SEC_NOCACHE;
	if (facts->cache & PAGE_WRITECOMBINE)
		attributes |= SEC_WRITECOMBINE;
	return attributes;
}

/* Rows Q3 to Q7, in the order that they give. */
static NTSTATUS check_query(SECTION_INFORMATION_CLASS class, const void *buffer,
			    size_t room)
{
	size_t needed = class == SectionBasicInformation ?
			sizeof(SECTION_BASIC_INFORMATION) :
			sizeof(SECTION_IMAGE_INFORMATION);

	if (class != SectionBasicInformation &&
	    class != SectionImageInformation)
		return STATUS_INVALID_INFO_CLASS;
	if (room < needed)
		return STATUS_INFO_LENGTH_MISMATCH;
	if (pointer_bad(buffer) || (uintptr_t)buffer + room < room)
		return STATUS_ACCESS_VIOLATION;
	return STATUS_SUCCESS;
}

NTSTATUS NtQuerySection(HANDLE SectionHandle,
			SECTION_INFORMATION_CLASS InformationClass,
			PVOID InformationBuffer, SIZE_T InformationBufferSize,
			PSIZE_T ResultLength)
{
	SECTION_BASIC_INFORMATION *basic = InformationBuffer;
	struct section_facts facts;
	struct object object;
	NTSTATUS status;
	int fd;

	status = check_query(InformationClass, InformationBuffer,
			     InformationBufferSize);
	if (!status)
		status = handle_get(SectionHandle, OBJECT_SECTION, &fd, &object);
	if (status)
		return status;
	if (!(object.access & SECTION_QUERY))
		return STATUS_ACCESS_DENIED;
	if (InformationClass == SectionImageInformation) {
		status = image_describe(fd, InformationBuffer);
		if (!status && ResultLength)
			*ResultLength = sizeof(SECTION_IMAGE_INFORMATION);
		return status;
	}
	if (section_facts(fd, &facts))
		return STATUS_INVALID_HANDLE;
	memset(basic, 0, sizeof(*basic));
	basic->BaseAddress = (PVOID)(uintptr_t)facts.base;
	basic->Attributes = attributes_of(&facts);
	basic->Size.QuadPart = (LONGLONG)facts.bytes;
	if (ResultLength)
		*ResultLength = sizeof(*basic);
	return STATUS_SUCCESS;
}

NTSTATUS NtExtendSection(HANDLE SectionHandle, PLARGE_INTEGER NewSectionSize)
{
	struct section_facts facts;
	struct object object;
	NTSTATUS status;
	int fd, failed;
	uint64_t now;

	if (pointer_bad(NewSectionSize))
		return STATUS_ACCESS_VIOLATION;
	status = handle_get(SectionHandle, OBJECT_SECTION, &fd, &object);
	if (status)
		return status;
	if (!(object.access & SECTION_EXTEND_SIZE))
		return STATUS_ACCESS_DENIED;
	if (section_facts(fd, &facts))
		return status_from_errno(errno, STATUS_INVALID_HANDLE);
	if (!(facts.attributes & SECTION_ATTR_FILE) ||
	    facts.attributes & SECTION_ATTR_IMAGE ||
	    !(facts.prot & SECTION_PROT_WRITE))
		return STATUS_SECTION_NOT_EXTENDED;
	if (NewSectionSize->QuadPart < 0)
		return STATUS_SECTION_TOO_BIG;
	do
		failed = section_extend(fd, (uint64_t)NewSectionSize->QuadPart,
					&now);
	while (failed && errno == EINTR);
	if (failed)
		return status_from_errno(errno, STATUS_UNSUCCESSFUL);
	NewSectionSize->QuadPart = (LONGLONG)now;
	return STATUS_SUCCESS;
}
