#!/usr/bin/perl -w
# SPDX-License-Identifier: GPL-2.0-only
# Judges the runs of the selftests.
#
# usage: vm/report.pl judge NAME CONSOLE SCANNER RECORD PROGRAM... < RESULTS
#        vm/report.pl total RECORD...
#
# judge reads what selftests/run.sh prints, as it comes, shows the essence on
# the terminal, and writes one line per test to RECORD. Every PROGRAM must have
# reported all tests of its plan, RESULTS must end as a finished run does, and
# what SCANNER, that is selftests/run.sh, finds in the kernel log CONSOLE must
# be nothing: whatever is missing is a failure. With V=1 it shows everything.
#
# total adds the records up, lists what failed and what was skipped, and
# prints the sum. The exit status of both is 0 if and only if nothing failed
# and something passed.
use strict;

$| = 1;
my $mark = "section-selftests";

# A record is complete only with its last line, "end".
sub write_record {
	my ($file, @results) = @_;
	open(my $out, ">", $file) or die "$file: $!\n";
	print $out join("\t", @$_), "\n" for @results;
	print $out "end\n";
	close($out) or die "$file: $!\n";
}

sub count {
	my %n = (pass => 0, fail => 0, skip => 0);
	$n{$_->[0]}++ for @_;
	return "$n{pass} passed, $n{fail} failed, $n{skip} skipped";
}

sub verdict {
	my %n = (pass => 0, fail => 0);
	$n{$_->[0]}++ for @_;
	return $n{fail} || !$n{pass} ? 1 : 0;
}

sub judge {
	my ($name, $console, $scanner, $record, @programs) = @_;
	my (%program, $current, @strange, $complete, $vm);
	my $start = time;

	my $begin = sub {
		my ($title) = @_;
		$program{$title} //= { tests => [], running => "-", reason => "" };
		return $program{$title};
	};

	while (my $line = <STDIN>) {
		$line =~ s/[\r\n]+$//;
		my $show = $ENV{V} // 0;
		if ($line =~ /^# $mark: start (\S+)/) {
			push @strange, "$1 started twice" if $program{$1};
			$current = $begin->($1);
			$current->{name} = $1;
			$show = 1;
			$line = "$name: $1";
		} elsif ($line =~ /^  1\.\.(\d+)\s*(?:#\s*(.*))?$/ && $current) {
			push @strange, "$current->{name} has two plans" if defined $current->{plan};
			$current->{plan} = $1;
			$current->{reason} = $2 // "";
		} elsif ($line =~ /^  (not )?ok (\d+)(?:\s+-)?\s*([^#]*?)\s*(?:#\s*(.*))?$/ && $current) {
			my ($bad, $number, $test, $note) = ($1, $2, $3, $4 // "");
			my $result = $bad ? "fail" : $note =~ s/^SKIP\s*//i ? "skip" : "pass";
			my $tests = $current->{tests};
			push @strange, "$current->{name}: test $number came as number " . (@$tests + 1)
				if $number != @$tests + 1;
			push @$tests, [$result, $test eq "" ? "test $number" : $test, $note];
			$current->{running} = "-";
			$show = 1;
		} elsif ($line =~ /^  #  RUN\s+(\S+)/ && $current) {
			$current->{running} = $1;
			$current->{talk} = [];
		} elsif ($line =~ /^  # / && $current) {
			# What a test of the harness says is of interest only if it fails.
			if ($current->{running} eq "-") {
				$show = 1;
			} else {
				push @{$current->{talk}}, $line;
			}
		} elsif ($line =~ /^  / && $line !~ /^  TAP version/) {
			# Not KTAP: a crash's last words, perhaps.
			$show = 1;
		} elsif ($line =~ /^(not )?ok \d+ (\S+)(?: # (.*))?$/) {
			my ($bad, $title, $note) = ($1, $2, $3 // "");
			my $p = $begin->($title);
			push @strange, "$title ended without having started"
				if !$p->{name} && $note !~ /^SKIP/;
			push @strange, "$title ended twice" if $p->{ended};
			$p->{ended} = 1;
			$p->{bad} = $note || "failed" if $bad;
			$p->{skipped} = $note if $note =~ s/^SKIP\s*//;
			undef $current;
			$show = 1 if $bad;
		} elsif ($line =~ /^Bail out!/) {
			push @strange, $line;
			$show = 1;
		} elsif ($line eq "# $mark: complete") {
			$complete = 1;
		} elsif ($line =~ /^# vm: exit (\d+)$/) {
			$vm = $1;
		} elsif ($line eq "# vm: restart") {
			# QEMU has broken the kernel: all that came before is void.
			(%program, @strange) = ();
			undef $_ for $current, $complete, $vm;
			print "$name: started again after a fault of the emulator\n";
		}
		# The reasons of a failure come before its "not ok".
		if ($line =~ /^  not ok/ && $current && !$ENV{V}) {
			print "$_\n" for grep { !/#\s+(OK|FAIL) / } @{$current->{talk} // []};
			$current->{talk} = [];
		}
		print "$line\n" if $show;
	}

	# By now the machine is gone and its log complete.
	my (%splat, %told, @order);
	open(my $in, "-|", "sh", $scanner, "--scan", $console) or die "$scanner: $!\n";
	while (<$in>) {
		chomp;
		my ($kind, $title, $test, $text) = split /\t/, $_, 4;
		my $key = "$title\t$test";
		push @order, $key if !$splat{$key};
		push @{$splat{$key}}, $text;
	}
	close($in) or push @strange, "the kernel log cannot be read";
	push @strange, "there is no kernel log" if !-s $console;

	# The line that says most about a complaint.
	my $gist = sub {
		my ($best) = grep { /WARNING|BUG|Oops|INFO|panic/ } @{$_[0]};
		return "the kernel complained: " . ($best // $_[0][0]);
	};

	my @results;
	for my $title (@programs, grep { my $t = $_; !grep { $_ eq $t } @programs } sort keys %program) {
		my $p = $program{$title};
		if (!$p || !($p->{name} || $p->{ended})) {
			push @results, ["fail", $title, "*", "did not run"];
			next;
		}
		my @tests = @{$p->{tests}};
		my $found = 0;
		for my $t (@tests) {
			my $key = "$title\t$t->[1]";
			if ($splat{$key}) {
				@$t = ("fail", $t->[1], $gist->($splat{$key}));
				$told{$key} = 1;
			}
			$found = 1 if $t->[0] eq "fail";
			push @results, [$t->[0], $title, $t->[1], $t->[2]];
		}
		if (!defined $p->{plan}) {
			if (defined $p->{skipped}) {
				push @results, ["skip", $title, "*", $p->{skipped}];
			} else {
				push @results, ["fail", $title, "*", "has no plan"];
				$found = 1;
			}
		} elsif (@tests > $p->{plan}) {
			push @results, ["fail", $title, "*", "planned $p->{plan} tests, reported " . @tests];
			$found = 1;
		} elsif ($p->{plan} == 0) {
			push @results, ["skip", $title, "*", $p->{reason} =~ s/^SKIP\s*//r];
		}
		my $next = $p->{running} eq "-" ? "" : $p->{running};
		for my $n (@tests + 1 .. $p->{plan} // 0) {
			my $key = "$title\t$next";
			push @results, ["fail", $title, $next || "test $n",
					$splat{$key} ? $gist->($splat{$key}) : "did not report"];
			$told{$key} = 1;
			$next = "";
			$found = 1;
		}
		if (!$p->{ended}) {
			push @results, ["fail", $title, "*", "did not end"];
		} elsif ($p->{bad} && !$found) {
			push @results, ["fail", $title, "*", $p->{bad}]
				if !grep { /^\Q$title\E\t/ && !$told{$_} } @order;
		}
	}
	for my $key (@order) {
		next if $told{$key};
		my ($title, $test) = split /\t/, $key;
		push @results, ["fail", $title eq "-" ? "kernel" : $title, $test eq "-" ? "*" : $test,
				$gist->($splat{$key})];
	}
	push @results, ["fail", "run", "*", $_] for @strange;
	push @results, ["fail", "run", "*", "the results end early"] if !$complete;
	push @results, ["fail", "run", "*", !defined $vm ? "the machine's end is not recorded" :
			$vm == 124 ? "the machine hung and was killed" :
			$vm == 125 ? "the machine died" : "exit status $vm"]
		if !defined $vm || $vm > 1 || ($vm == 1 && !grep { $_->[0] eq "fail" } @results);
	push @results, ["fail", "run", "*", "nothing passed"] if !grep { $_->[0] eq "pass" } @results;

	for my $key (@order) {
		my ($title, $test) = split /\t/, $key;
		print "kernel log during $title $test:\n";
		print "    $_\n" for @{$splat{$key}};
	}

	write_record($record, map { [$_->[0], "$name $_->[1]", $_->[2], $_->[3]] } @results);
	print "$name: ", count(@results), " in ", time - $start, " s\n";
	return verdict(@results);
}

sub total {
	my @results;
	for my $file (@_) {
		my $end = 0;
		if (open(my $in, "<", $file)) {
			while (<$in>) {
				chomp;
				$end = $_ eq "end";
				push @results, [split /\t/, $_, 4] if !$end;
			}
		}
		(my $name = $file) =~ s|.*/||;
		push @results, ["fail", $name, "*", "has no complete record"] if !$end;
	}
	for my $kind (["skip", "skipped"], ["fail", "FAILED"]) {
		for my $r (grep { $_->[0] eq $kind->[0] } @results) {
			my $test = $r->[2] eq "*" ? "" : " $r->[2]";
			print "$kind->[1]: $r->[1]$test", $r->[3] ? ": $r->[3]" : "", "\n";
		}
	}
	print "nothing passed\n" if !grep { $_->[0] eq "pass" } @results;
	print count(@results), "\n";
	return verdict(@results);
}

my $command = shift // "";
exit judge(@ARGV) if $command eq "judge" && @ARGV >= 4;
exit total(@ARGV) if $command eq "total";
die "usage: report.pl judge NAME CONSOLE SCANNER RECORD PROGRAM... | total RECORD...\n";
