# SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
#
# Makes a manual page of each function's comment in the headers, so that the two
# cannot disagree:  awk -v dir=OUT -v version=V -f pages.awk include/section.h ...
#
# Reads "name - purpose", "@argument: text", paragraphs and "Return: text", then
# the prototype up to its semicolon.

# roff: backslashes and minus signs are special, and so are dots and quotes at
# the beginning of a line; @argument and function() are set in type.
function roff(text,    out, word) {
	gsub(/\\/, "\\e", text)
	gsub(/-/, "\\-", text)
	gsub(/``/, "", text)
	out = ""
	while (match(text, /@[a-z_]+|section_[a-z_]+\(\)/)) {
		word = substr(text, RSTART, RLENGTH)
		out = out substr(text, 1, RSTART - 1)
		if (word ~ /^@/)
			out = out "\\fI" substr(word, 2) "\\fP"
		else
			out = out "\\fB" substr(word, 1, length(word) - 2) "\\fP()"
		text = substr(text, RSTART + RLENGTH)
	}
	text = out text
	if (text ~ /^[.']/)
		text = "\\&" text
	return text
}

function page(    file, header, i) {
	file = dir "/" name ".3"
	header = FILENAME
	sub(/.*include\//, "", header)
	print ".\\\" SPDX-License-Identifier: LGPL-2.1-or-later OR MIT" >file
	print ".TH " name " 3 \"\" \"libsection " version "\" \"Library Functions\"" >file
	print ".SH NAME\n" name " \\- " roff(purpose) >file
	print ".SH SYNOPSIS\n.nf\n.B #include <" header ">\n.PP" >file
	for (i = 1; i <= prototypes; i++)
		print "\\fB" roff(prototype[i]) "\\fP" >file
	print ".fi" >file
	if (arguments != "")
		printf ".SH ARGUMENTS\n%s", arguments >file
	if (description != "")
		printf ".SH DESCRIPTION\n%s", description >file
	if (result != "")
		printf ".SH RETURN VALUE\n%s", result >file
	print ".SH SEE ALSO\n.BR libsection (7)" >file
	close(file)
}

/^\/\*\*$/ {
	comment = 1
	name = ""
	next
}

comment && /^ \*\/$/ {
	comment = 0
	declaration = name != ""
	prototypes = 0
	next
}

comment {
	sub(/^ \* ?/, "")
	if (name == "" && /^section_[a-z_]+ - /) {
		name = $1
		purpose = substr($0, length(name) + 4)
		arguments = description = result = ""
		where = "description"
	} else if (name == "") {
		comment = 0	# not a function
	} else if (/^@[a-z_]+: /) {
		where = "arguments"
		arguments = arguments ".TP\n.I " substr($1, 2, length($1) - 2) "\n"
		sub(/^@[a-z_]+: /, "")
		arguments = arguments roff($0) "\n"
	} else if (/^Return: /) {
		where = "result"
		sub(/^Return: /, "")
		result = roff(toupper(substr($0, 1, 1)) substr($0, 2)) "\n"
	} else if ($0 == "") {
		where = where == "result" ? "result" : "description"
		if (where == "description" && description != "")
			description = description ".PP\n"
	} else {
		sub(/^[ \t]+/, "")
		if (where == "arguments")
			arguments = arguments roff($0) "\n"
		else if (where == "result")
			result = result roff($0) "\n"
		else
			description = description roff($0) "\n"
	}
	next
}

declaration {
	prototype[++prototypes] = $0
	if (/;$/) {
		declaration = 0
		page()
	}
}
