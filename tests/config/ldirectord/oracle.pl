# SPDX-License-Identifier: GPL-2.0-or-later
# What ldirectord's own parser understands of a configuration, as JSON.
#
#   perl oracle.pl LDIRECTORD <paths-one-a-line
#
# The program's functions are loaded without its main part, which stands between two comments of it. One line of JSON
# answers each path: {"refused": message, "line": number}, {"globals": {...}, "virtuals": [...]}, or {"endless": 1} if it
# was not read within two seconds. Octets are the characters U+0000 to U+00FF.

use strict;
use warnings;
use JSON::PP;

my $program = shift @ARGV;
open(my $in, "<", $program) or die "$program: $!\n";
my $source = do { local $/; <$in> };
close($in);
$source =~ s/^# command line options\n.*?^# functions\n/my \$opt_d = 1;\n/ms
	or die "$program: its main part is not where it was\n";

my $epilogue = <<'END';
no warnings;
my $json = JSON::PP->new->ascii->canonical->allow_nonref;
*main::config_error = sub { die { line => $_[0], refused => $_[1] } };
*main::config_warn = sub { };
*main::ld_log = sub { };
*main::ld_debug = sub { };
$DAEMON_STATUS = $DAEMON_STATUS_RUNNING;
$HOSTNAME = (POSIX::uname())[1];
$| = 1;
while (defined(my $path = <STDIN>)) {
	chomp($path);
	$CONFIG = $path;
	local $SIG{ALRM} = sub { die { endless => 1 } };
	alarm(2);
	my $told = eval {
		read_config();
		ld_setup();
		{
			globals => {
				fork => $FORKING, autoreload => $AUTOCHECK, quiescent => $QUIESCENT,
				readdquiescent => $READDQUIESCENT, supervised => $SUPERVISED, cleanstop => $CLEANSTOP,
				checkinterval => $CHECKINTERVAL, executes => [sort keys %LD_INSTANCE],
				maintenancedir => $MAINTDIR,
			},
			virtuals => \@VIRTUAL,
		};
	};
	alarm(0);
	$told = ref($@) ? $@ : { refused => "$@", line => -1 } unless defined $told;
	print $json->encode($told), "\n";
}
exit(0);
END

eval("#line 1 \"$program\"\n$source\n$epilogue");
die $@;
