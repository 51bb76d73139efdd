#!/usr/bin/perl -w
# SPDX-License-Identifier: GPL-2.0-only
# Instructions by function, of the median of the runs in a trace.
#
# usage: vm/profile.pl CONSOLE TRACE
#
# CONSOLE has /proc/kallsyms and section_bench's line that tells where the mark
# between two runs is; TRACE is QEMU's, of single instructions.
use strict;
no warnings "portable"; # addresses have 64 bits

my ($console, $trace) = @ARGV;
my (%name, $mark);

open(my $in, "<", $console) or die "$console: $!\n";
while (<$in>) {
	tr/\r//d;
	if (/^([0-9a-f]{16}) [tTwW] (\S+)(?:\s+\[(\S+)\])?/) {
		$name{hex($1)} = $2 . ($3 ? " [$3]" : "");
	} elsif (/LOOPING mark ([0-9a-f]+): (.*)/) {
		$mark = hex($1);
		print "$2\n";
	}
}
my @starts = sort { $a <=> $b } keys %name;
die "$console has no symbols\n" unless @starts && $mark;

my (@runs, $run);
open($in, "<", $trace) or die "$trace: $!\n";
while (<$in>) {
	my ($pc) = m{\[[0-9a-f]+/([0-9a-f]+)/} or next;
	$pc = hex($pc);
	if ($pc == $mark) {
		# Between the mark after a run and that before the next is little.
		push @runs, $run if $run && @$run > 100;
		$run = [];
	} elsif ($run) {
		push @$run, $pc;
	}
}
die "no run of it was seen\n" unless @runs;

# The function that an address is in.
sub function {
	my ($pc) = @_;
	my ($low, $high) = (0, $#starts);

	return "(the program)" if $pc < 1 << 47;
	while ($low < $high) {
		my $middle = int(($low + $high + 1) / 2);
		if ($starts[$middle] <= $pc) {
			$low = $middle;
		} else {
			$high = $middle - 1;
		}
	}
	return $name{$starts[$low]};
}

my %count;
@runs = sort { @$a <=> @$b } @runs;
my $median = $runs[@runs / 2];
$count{function($_)}++ for @$median;
printf "%7d instructions, the median of %d runs\n", scalar @$median, scalar @runs;
printf "%7d %s\n", $count{$_}, $_
	for sort { $count{$b} <=> $count{$a} || $a cmp $b } keys %count;
