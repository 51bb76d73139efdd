// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * Is the other end of a socket the same user?
 */
#include "agent_protocol.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

/* What stands for every user who has no number in this user namespace. */
#define NOBODY_IN_PARTICULAR	65534

static bool everybody_has_a_number(void)
{
	unsigned int inside, outside, count;
	char text[64] = "";
	int fd = open("/proc/self/uid_map", O_RDONLY | O_CLOEXEC);
	ssize_t length;

	if (fd < 0)
		return false;
	length = read(fd, text, sizeof(text) - 1);
	close(fd);
	return length > 0 &&
	       sscanf(text, "%u %u %u", &inside, &outside, &count) == 3 &&
	       inside == 0 && count == UINT32_MAX;
}

bool section_same_user(uid_t uid)
{
	return uid == geteuid() &&
	       (uid != NOBODY_IN_PARTICULAR || everybody_has_a_number());
}
