/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tracepoints: section:section_create and so on.  Documentation/section.rst says
 * when each is hit and what its fields are.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM section

#if !defined(_SECTION_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _SECTION_TRACE_H

#include <linux/mm.h>
#include <linux/tracepoint.h>
#include <linux/section.h>

#include "section.h"

#ifndef _SECTION_TRACE_NAME
#define _SECTION_TRACE_NAME
/* What is in a name is up to its owner, who must not forge lines of a trace. */
static inline void section_trace_name(char *to, const struct section *section)
{
	const char *from = section_name(section);

	do {
		*to = *from && (*from < ' ' || *from == 0x7f) &&
		      !(*from & 0x80) ? '?' : *from;
		to++;
	} while (*from++);
}
#endif

#define SECTION_TRACE_PROT(prot)					\
	__print_flags(prot, "|",					\
		      { SECTION_PROT_READ, "READ" },			\
		      { SECTION_PROT_WRITE, "WRITE" },			\
		      { SECTION_PROT_EXECUTE, "EXECUTE" })

#define SECTION_TRACE_RIGHTS(rights)					\
	__print_flags(rights, "|",					\
		      { SECTION_RIGHT_QUERY, "QUERY" },			\
		      { SECTION_RIGHT_READ, "READ" },			\
		      { SECTION_RIGHT_WRITE, "WRITE" },			\
		      { SECTION_RIGHT_EXECUTE, "EXECUTE" },		\
		      { SECTION_RIGHT_EXTEND, "EXTEND" })

TRACE_EVENT(section_create,
	TP_PROTO(const struct section *section),
	TP_ARGS(section),
	TP_STRUCT__entry(
		__field(u64, id)
		__field(u64, bytes)
		__field(u32, prot)
		__field(u32, attributes)
		__dynamic_array(char, name, section->name_len + 1)
	),
	TP_fast_assign(
		__entry->id = section->id;
		__entry->bytes = section->bytes;
		__entry->prot = section->prot;
		__entry->attributes = section->attributes;
		section_trace_name(__get_dynamic_array(name), section);
	),
	TP_printk("id=%llu bytes=%llu prot=%s attributes=%#x name=%s",
		  __entry->id, __entry->bytes, SECTION_TRACE_PROT(__entry->prot),
		  __entry->attributes, __get_str(name))
);

TRACE_EVENT(section_open,
	TP_PROTO(const struct section *section, u32 rights),
	TP_ARGS(section, rights),
	TP_STRUCT__entry(
		__field(u64, id)
		__field(u32, rights)
		__dynamic_array(char, name, section->name_len + 1)
	),
	TP_fast_assign(
		__entry->id = section->id;
		__entry->rights = rights;
		section_trace_name(__get_dynamic_array(name), section);
	),
	TP_printk("id=%llu rights=%s name=%s", __entry->id,
		  SECTION_TRACE_RIGHTS(__entry->rights), __get_str(name))
);

TRACE_EVENT(section_free,
	TP_PROTO(const struct section *section),
	TP_ARGS(section),
	TP_STRUCT__entry(
		__field(u64, id)
		__field(u64, bytes)
	),
	TP_fast_assign(
		__entry->id = section->id;
		__entry->bytes = section->bytes;
	),
	TP_printk("id=%llu bytes=%llu", __entry->id, __entry->bytes)
);

TRACE_EVENT(section_extend,
	TP_PROTO(const struct section *section),
	TP_ARGS(section),
	TP_STRUCT__entry(
		__field(u64, id)
		__field(u64, bytes)
	),
	TP_fast_assign(
		__entry->id = section->id;
		__entry->bytes = section->bytes;
	),
	TP_printk("id=%llu bytes=%llu", __entry->id, __entry->bytes)
);

TRACE_EVENT(section_commit,
	TP_PROTO(const struct section *section, unsigned long first,
		 unsigned long last, bool decommit, int err),
	TP_ARGS(section, first, last, decommit, err),
	TP_STRUCT__entry(
		__field(u64, id)
		__field(u64, pgoff)
		__field(u64, pages)
		__field(bool, decommit)
		__field(int, err)
	),
	TP_fast_assign(
		__entry->id = section->id;
		__entry->pgoff = first;
		__entry->pages = last - first + 1;
		__entry->decommit = decommit;
		__entry->err = err;
	),
	TP_printk("id=%llu pgoff=%llu pages=%llu decommit=%d err=%d",
		  __entry->id, __entry->pgoff, __entry->pages,
		  __entry->decommit, __entry->err)
);

DECLARE_EVENT_CLASS(section_view,
	TP_PROTO(const struct section *section,
		 const struct vm_area_struct *vma),
	TP_ARGS(section, vma),
	TP_STRUCT__entry(
		__field(u64, id)
		__field(unsigned long, start)
		__field(unsigned long, end)
		__field(unsigned long, pgoff)
		__field(bool, shared)
	),
	TP_fast_assign(
		__entry->id = section->id;
		__entry->start = vma->vm_start;
		__entry->end = vma->vm_end;
		__entry->pgoff = vma->vm_pgoff;
		__entry->shared = vma->vm_flags & VM_MAYSHARE;
	),
	TP_printk("id=%llu start=%#lx end=%#lx pgoff=%lu shared=%d",
		  __entry->id, __entry->start, __entry->end, __entry->pgoff,
		  __entry->shared)
);

DEFINE_EVENT(section_view, section_map,
	TP_PROTO(const struct section *section,
		 const struct vm_area_struct *vma),
	TP_ARGS(section, vma)
);

DEFINE_EVENT(section_view, section_unmap,
	TP_PROTO(const struct section *section,
		 const struct vm_area_struct *vma),
	TP_ARGS(section, vma)
);

TRACE_EVENT(section_fault,
	TP_PROTO(const struct section *section, const struct vm_fault *vmf,
		 vm_fault_t ret),
	TP_ARGS(section, vmf, ret),
	TP_STRUCT__entry(
		__field(u64, id)
		__field(unsigned long, address)
		__field(unsigned long, pgoff)
		__field(u32, flags)
		__field(u32, ret)
	),
	TP_fast_assign(
		__entry->id = section->id;
		__entry->address = vmf->real_address;
		__entry->pgoff = vmf->pgoff;
		__entry->flags = vmf->flags;
		__entry->ret = (__force u32)ret;
	),
	TP_printk("id=%llu address=%#lx pgoff=%lu flags=%s ret=%s",
		  __entry->id, __entry->address, __entry->pgoff,
		  __print_flags(__entry->flags, "|", FAULT_FLAG_TRACE),
		  __print_flags(__entry->ret, "|", VM_FAULT_RESULT_TRACE))
);

TRACE_EVENT(section_ahead,
	TP_PROTO(const struct section *section, pgoff_t pgoff,
		 unsigned long pages),
	TP_ARGS(section, pgoff, pages),
	TP_STRUCT__entry(
		__field(u64, id)
		__field(unsigned long, pgoff)
		__field(unsigned long, pages)
	),
	TP_fast_assign(
		__entry->id = section->id;
		__entry->pgoff = pgoff;
		__entry->pages = pages;
	),
	TP_printk("id=%llu pgoff=%lu pages=%lu", __entry->id, __entry->pgoff,
		  __entry->pages)
);

#endif /* _SECTION_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
