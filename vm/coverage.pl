#!/usr/bin/perl -w
# SPDX-License-Identifier: GPL-2.0-only
# Adds up what gcov says about the module.
#
# usage: vm/coverage.pl DIR KVER...
#
# Reads DIR/KVER/*.c.gcov, as "gcov -b -c" writes them, writes DIR/uncovered and
# DIR/branches, and prints lines and branches of each file, and of all.
use strict;

my ($dir, @kernels) = @ARGV;
@kernels or die "usage: coverage.pl DIR KVER...\n";
my (%lines, %branches, %text);

sub read_counts {
	my ($file) = @_;
	my ($source, $line);

	open(my $in, "<", $file) or die "$file: $!\n";
	while (<$in>) {
		chomp;
		if (/^\s*-:\s*0:Source:.*?([^\/]+)$/) {
			$source = "module/$1";
		} elsif (/^\s*([^:]+?)\*?:\s*(\d+):(.*)$/) {
			my ($count, $text) = ($1, $3);
			$line = $2;
			next if !$line || $count eq "-";
			# "#####" and "=====" are lines that were not run.
			$lines{$source}{$line} += $count =~ /^\d+$/ ? $count : 0;
			$text{$source}{$line} = $text;
		} elsif (/^branch\s+(\d+)\s+(?:taken\s+(\d+)|never executed)/) {
			$branches{$source}{$line}[$1] += $2 // 0;
		}
	}
	close($in);
	defined $source or die "$file is not what gcov writes\n";
}

for my $kver (@kernels) {
	my @files = glob("$dir/$kver/*.c.gcov");
	@files or die "nothing was counted on $kver\n";
	# The build's own object has no code.
	read_counts($_) for grep { !m{/[^/]*\.mod\.c\.gcov$} } @files;
}

sub percent { $_[1] ? sprintf("%6.2f %%", 100 * $_[0] / $_[1]) : "       -" }

open(my $uncovered, ">", "$dir/uncovered") or die "$dir/uncovered: $!\n";
open(my $untaken, ">", "$dir/branches") or die "$dir/branches: $!\n";
my @all = (0, 0, 0, 0);
my $row = "%-26s %5d of %5d lines %s  %5d of %5d branches %s\n";
for my $source (sort keys %lines) {
	my @sum = (0, 0, 0, 0);

	for my $n (sort { $a <=> $b } keys %{$lines{$source}}) {
		my $run = $lines{$source}{$n} > 0;
		my @taken = @{$branches{$source}{$n} // []};
		my $at = "$source:$n: $text{$source}{$n}\n";

		$sum[0] += $run;
		$sum[1]++;
		$sum[2] += grep { $_ } @taken;
		$sum[3] += @taken;
		print $uncovered $at if !$run;
		print $untaken scalar(grep { !$_ } @taken), " of ", scalar(@taken), " $at"
			if $run && grep { !$_ } @taken;
	}
	$all[$_] += $sum[$_] for 0 .. 3;
	printf $row, $source, @sum[0, 1], percent(@sum[0, 1]), @sum[2, 3], percent(@sum[2, 3]);
}
close($_) or die "$dir: $!\n" for $uncovered, $untaken;
printf $row, "all", @all[0, 1], percent(@all[0, 1]), @all[2, 3], percent(@all[2, 3]);
