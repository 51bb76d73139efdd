#!/usr/bin/perl -w
# SPDX-License-Identifier: GPL-2.0-only
# What was measured, in other forms.
#
# usage: vm/bench-report.pl [-p PEER] table|csv|json TSV
#        vm/bench-report.pl [-p PEER] plot TSV NAME  a script for gnuplot
#        vm/bench-report.pl [-p PEER] write TSV FILE MARK [TSV...]
#                                                   tables into a document
#        vm/bench-report.pl record TSV RATIOS KVER  ratios into a file
#        vm/bench-report.pl gate TSV RATIOS KVER    compared with those
#
#   -p  only what this peer was measured at, beside it alone; csv and json have
#       the other peers too
use strict;

my $only;
(undef, $only) = splice(@ARGV, 0, 2) if @ARGV > 1 && $ARGV[0] eq "-p";
my ($mode, $tsv, @rest) = @ARGV;
my (%about, @ops, %op, @figures, @scales);

# The first contender of an operation is the section; names that begin with
# "section" are other ways of using one, all others are peers. Contenders that
# were measured by another program come later in the file, and join the others.
sub load_results {
	my ($tsv) = @_;

	%about = %op = @ops = @figures = @scales = ();
	open(my $in, "<", $tsv) or die "$tsv: $!\n";
	while (<$in>) {
		chomp;
		my ($kind, $id, @f) = split(/\t/);
		next unless defined $id;
		if ($kind eq "about") {
			$about{$id} = $f[0];
		} elsif ($kind eq "cost") {
			$op{$id} or push @ops, $op{$id} = { id => $id, text => $f[0] };
			push @{$op{$id}{costs}}, { name => $f[1], median => $f[2],
				low => $f[3], high => $f[4], samples => $f[5] };
		} elsif ($kind eq "figure") {
			push @figures, [ $id, @f ];
		} elsif ($kind eq "scale") {
			push @scales, [ $id, @f ];
		}
	}
	@ops = grep { peers($_) } @ops if defined $only;
}

sub peers {
	grep { defined $only ? $_->{name} eq $only : $_->{name} !~ /^section/ }
		@{$_[0]{costs}}
}

sub ratio {
	my ($op, $peer, $of) = @_;

	$of ||= "median";
	return $op->{costs}[0]{$of} / $peer->{$of};
}

sub best {
	my @sorted = sort { $a->{median} <=> $b->{median} } peers($_[0]);
	return $sorted[0];
}

# 12,345 or, of little, 12.3
sub number {
	my $n = sprintf($_[0] < 100 ? "%.1f" : "%.0f", $_[0]);
	1 while $n =~ s/^(\d+)(\d{3})/$1,$2/;
	return $n;
}

# The section and one peer, a column for each
sub table_of_two {
	print "| operation | section | $only | section ÷ $only |\n|---|--:|--:|--:|\n";
	for my $op (@ops) {
		my ($peer) = peers($op);
		printf "| %s | %s | %s | %.3f |\n", $op->{text},
			number($op->{costs}[0]{median}), number($peer->{median}),
			ratio($op, $peer);
	}
}

sub table {
	return table_of_two() if defined $only;
	print "| operation | section | others | section ÷ best |\n|---|--:|---|--:|\n";
	for my $op (@ops) {
		my @others = map {
			"$_->{name} " . number($_->{median}) .
			($_->{name} =~ /^section/ ? "" : sprintf(" (%.3f)", ratio($op, $_)))
		} @{$op->{costs}}[1 .. $#{$op->{costs}}];
		my $best = best($op);
		printf "| %s | %s | %s | %s |\n", $op->{text},
			number($op->{costs}[0]{median}), join("; ", @others),
			$best ? sprintf("%.3f", ratio($op, $best)) : "";
	}
	print "\n| other figures | | |\n|---|---|--:|\n" if @figures;
	print "| $_->[1] | $_->[2] | ", number($_->[3]), " $_->[4] |\n" for @figures;
	print "\n| two processors | | speed-up | middle half | time ÷ section |\n",
		"|---|---|--:|---|--:|\n" if @scales;
	print "| $_->[1] | $_->[2] | $_->[3] | $_->[4] to $_->[5] | $_->[6] |\n"
		for @scales;
}

sub quoted { my $s = $_[0]; $s =~ s/"/""/g; return "\"$s\"" }

sub csv {
	print "operation,text,contender,median,low,high,samples,ratio\n";
	for my $op (@ops) {
		for my $c (@{$op->{costs}}) {
			print join(",", $op->{id}, quoted($op->{text}),
				quoted($c->{name}), @{$c}{qw(median low high samples)},
				sprintf("%.4f", ratio($op, $c))), "\n";
		}
	}
}

sub json {
	my @rows;
	for my $op (@ops) {
		my @c = map {
			sprintf('{"name": "%s", "median": %s, "low": %s, "high": %s, ' .
				'"samples": %s, "ratio": %.4f}',
				@{$_}{qw(name median low high samples)}, ratio($op, $_))
		} @{$op->{costs}};
		push @rows, sprintf("    {\"id\": \"%s\", \"text\": \"%s\", \"contenders\": [\n      %s]}",
			$op->{id}, $op->{text}, join(",\n      ", @c));
	}
	my @scale = map {
		sprintf('    {"id": "%s", "name": "%s", "speedup": %s, "low": %s, "high": %s, "time": %s}',
			@{$_}[0, 2, 3, 4, 5, 6])
	} @scales;
	print "{\n", map({ "  \"$_\": \"$about{$_}\",\n" } sort keys %about),
		"  \"unit\": \"instructions\",\n  \"operations\": [\n",
		join(",\n", @rows), "],\n  \"parallel\": [\n", join(",\n", @scale), "]\n}\n";
}

# Bars of the ratio to each operation's best peer; shorter is better.
sub plot {
	my ($name) = @rest;
	my @bars = reverse grep { best($_) } @ops;
	my $height = 120 + 22 * @bars;

	print "\$bars << END\n";
	for my $i (0 .. $#bars) {
		my $best = best($bars[$i]);
		printf "%d %.4f \"%s / %s\"\n", $i, ratio($bars[$i], $best),
			$bars[$i]{text}, $best->{name};
	}
	print "END\n";
	print <<"END";
set style fill solid 0.8 noborder
set boxwidth 0.7
set xrange [0:*]
set yrange [-1:@{[scalar @bars]}]
set grid x
set arrow from 1, graph 0 to 1, graph 1 nohead lw 2 lc rgb "#a02020" front
set xlabel "instructions of a section / instructions of the best alternative"
set title "$about{kernel}, $about{revision}"
unset key
END
	for my $form ("svg", "pngcairo") {
		my $file = $form eq "svg" ? "$name.svg" : "$name.png";
		print "set terminal $form size 1100, $height font \"sans,11\"\n",
			"set output \"$file\"\n",
			"plot \$bars using (\$2/2):1:(\$2/2):(0.35):ytic(3) ",
			"with boxxyerror lc rgb \"#3060a0\"\n";
	}
}

sub slurp {
	open(my $in, "<", $_[0]) or return ();
	return <$in>;
}

sub spill {
	my ($file, @lines) = @_;
	open(my $out, ">", $file) or die "$file: $!\n";
	print $out @lines;
	close($out) or die "$file: $!\n";
}

# Between two marks, which are comments in Markdown.
sub write_tables {
	my ($file, $mark, @more) = @rest;
	my ($begin, $end) = ("<!-- $mark -->\n", "<!-- end of $mark -->\n");
	my $document = join("", slurp($file));
	my $tables = "";

	open(my $memory, ">", \$tables) or die;
	my $stdout = select($memory);
	for my $next ($tsv, @more) {
		load_results($next);
		print "\n" if $tables ne "";
		print "Linux $about{kernel}, revision $about{revision}, ",
			defined $only ? "$only $about{$only}, " : "",
			"$about{flags}.\n\n";
		table();
	}
	select($stdout);
	$document =~ s/\Q$begin\E.*?\Q$end\E/$begin$tables$end/s or
		die "$file has no place for $mark\n";
	spill($file, $document);
}

sub record {
	my ($file, $kver) = @rest;
	my @kept = grep { !/^\Q$kver\E\t/ } slurp($file);

	for my $op (@ops) {
		push @kept, sprintf("%s\t%s\t%s\t%.4f\t%.4f\n", $kver, $op->{id},
			$_->{name}, ratio($op, $_), ratio($op, $_, "low"))
			for peers($op);
	}
	spill($file, @kept);
}

# What has become worse costs more in the cheap runs as well as in the median one.
# Where only one of them is over, it was chance: which runs meet the allocator when
# it has to do more depends on how many there are.
sub gate {
	my ($file, $kver) = @rest;
	my ($compared, $worse) = (0, 0);
	my %old = map { chomp; my @f = split(/\t/); ("$f[0] $f[1] $f[2]" => \@f) }
		slurp($file);

	for my $op (@ops) {
		for my $peer (peers($op)) {
			my $old = $old{"$kver $op->{id} $peer->{name}"};
			next unless defined $old;
			my ($new, $low) = (ratio($op, $peer), ratio($op, $peer, "low"));
			$compared++;
			next if $new <= 1.01 * $old->[3] || $low <= 1.01 * $old->[4];
			$worse++;
			printf "WORSE: %s, %s: %.4f of %s, was %.4f\n", $kver,
				$op->{text}, $new, $peer->{name}, $old->[3];
		}
	}
	print "$kver: $compared ratios compared, $worse worse\n";
	print "If that is meant, \"make bench-record\" and say why.\n" if $worse;
	exit($worse || !$compared ? 1 : 0);
}

my %modes = (table => \&table, csv => \&csv, json => \&json, plot => \&plot,
	write => \&write_tables, record => \&record, gate => \&gate);
$modes{$mode} or die "unknown mode $mode\n";
load_results($tsv);
$modes{$mode}->();
