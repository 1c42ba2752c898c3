# A client and a server of the system bus in plain Perl, which every Debian has. For calls that no
# program of the package makes, such as a dialog without an answer.
package Bus;
use strict;
use warnings;
use IO::Socket::UNIX;

my %ALIGN = (y => 1, g => 1, v => 1, x => 8, t => 8, '(' => 8, '{' => 8);
my $TYPE = qr/(?<t>[ybiuxtsogv]|a(?&t)|\((?&t)+\)|\{(?&t)(?&t)\})/;

# Connects to the bus as the current user.
sub new {
    my ($class) = @_;
    my $self = $class->authenticate('/run/dbus/system_bus_socket');
    ($self->{name}) = $self->daemon('Hello', '');
    return $self;
}

# Connects to the daemon's own socket, which has only the login interface.
sub own {
    my ($class) = @_;
    return $class->authenticate('/run/tfa/login');
}

sub authenticate {
    my ($class, $path) = @_;
    return $class->from_socket(IO::Socket::UNIX->new(Peer => $path) || die "no listener at $path: $!\n");
}

sub from_socket {
    my ($class, $socket) = @_;
    my $self = bless {socket => $socket, serial => 0, input => ''}, $class;
    $self->raw("\0AUTH EXTERNAL " . unpack('H*', $>) . "\r\nBEGIN\r\n");
    my $line = '';
    $line .= $self->take(1) until $line =~ /\n$/;
    die "unexpected reply: $line" unless $line =~ /^OK/;
    return $self;
}

# Calls a method of the bus itself.
sub daemon {
    my ($self, $member, @rest) = @_;
    my $bus = 'org.freedesktop.DBus';
    return $self->call($bus, '/org/freedesktop/DBus', $bus, $member, @rest);
}

# Calls a method of tfad: the last part of the interface name, the method, the arguments.
sub tfa {
    my ($self, $interface, @rest) = @_;
    return $self->call('org.tfad.Tfa1', '/org/tfad/Tfa1', "org.tfad.Tfa1.$interface", @rest);
}

# Begins a login dialog. Returns its number and the turn.
sub begin {
    my ($self, $user, %context) = @_;
    my @context = map { [$_, ref $context{$_} ? $context{$_} : ['s', $context{$_}]] } keys %context;
    return $self->tfa('Login', 'Begin', 'sa{sv}', $user, [['phase', ['s', 'auth']], @context]);
}

# Answers a dialog. Returns the turn: [lines, tag, text, digits].
sub answer {
    my ($self, $dialog, $reply) = @_;
    my ($turn) = $self->tfa('Login', 'Answer', 'us', $dialog, $reply);
    return $turn;
}

# Formats a turn as one line: its lines, then the question or verdict.
sub words {
    my ($turn) = @_;
    my $words = join ' ', (map { $_->[1] } @{$turn->[0]}), "$turn->[1]:", $turn->[2];
    $words =~ s/\n/ /g;
    return $words;
}

# Calls a method, and returns its result. Dies with the name and the text of an error.
sub call {
    my ($self, $destination, $path, $interface, $member, $signature, @values) = @_;
    my $serial = $self->send(1, {1 => ['o', $path], 2 => ['s', $interface], 3 => ['s', $member],
        6 => ['s', $destination]}, $signature, @values);
    while (1) {
        my $message = $self->receive;
        next unless ($message->{5} // 0) == $serial;
        return @{$message->{body}} if $message->{type} == 2;
        die "$message->{4}: @{$message->{body}}\n";
    }
}

# Sends a message of this type with these header fields. Returns its serial.
sub send {
    my ($self, @message) = @_;
    $self->raw($self->message(0, @message));
    return $self->{serial};
}

# The bytes of a message with these flags, this type and these header fields.
sub message {
    my ($self, $flags, $type, $fields, $signature, @values) = @_;
    my $body = '';
    put(\$body, $_, shift @values) for types($signature);
    $fields->{8} = ['g', $signature] if $signature ne '';
    my $serial = ++$self->{serial};
    my $header = pack 'aCCCVV', 'l', $type, $flags, 1, length $body, $serial;
    put(\$header, 'a(yv)', [map { [$_, $fields->{$_}] } keys %$fields]);
    align(\$header, 8);
    return $header . $body;
}

# Sends raw bytes.
sub raw {
    my ($self, $bytes) = @_;
    my $socket = $self->{socket};
    print $socket $bytes;
    $socket->flush;
}

# Stops the daemon. A thread that has not stopped yet could still read what arrives, so this returns
# when all of them have.
sub stop_daemon {
    system(qw(systemctl kill --signal=STOP tfad)) == 0 or die "systemctl failed\n";
    chomp(my $process = `systemctl show --property=MainPID --value tfad`);
    select undef, undef, undef, 0.01 while grep { !is_stopped($_) } glob "/proc/$process/task/*/stat";
}

sub is_stopped {
    open my $stat, '<', $_[0] or return 1;
    return <$stat> =~ /\) T[^)]*$/;
}

# Waits until so many connections to the daemon have unread data.
sub await_unread {
    my ($number) = @_;
    for (my $deadline = time + 60; (my $unread = unread()) < $number; ) {
        die "$unread of $number answers have arrived\n" if time > $deadline;
        select undef, undef, undef, 0.1;
    }
}

# The number of connections to the daemon with unread data, by sock_diag(7).
sub unread {
    my ($DIAG, $BY_FAMILY, $DUMP, $NAMES, $QUEUES) = (4, 20, 0x301, 1, 16);
    socket my $kernel, 16, 3, $DIAG or die "no sock_diag: $!\n";
    CORE::send $kernel, pack('VvvVV CCvVVVVV', 40, $BY_FAMILY, $DUMP, 1, 0,
        1, 0, 0, 0xffffffff, 0, $NAMES | $QUEUES, 0, 0), 0 or die "no sock_diag: $!\n";
    my $unread = 0;
    while (1) {
        recv $kernel, my $part, 65536, 0;
        while (length $part) {
            my ($length, $type) = unpack 'Vv', $part;
            return $unread if $type == 3;
            die "sock_diag failed\n" if $type == 2;
            my %attribute;
            for (my $at = 32; $at < $length;) {
                my ($size, $kind) = unpack 'vv', substr $part, $at;
                $attribute{$kind} = substr $part, $at + 4, $size - 4;
                $at += $size + -$size % 4;
            }
            $unread++ if ($attribute{0} // '') =~ m{^/run/tfa/login} and unpack('V', $attribute{4}) > 0
                and unpack('x18 C', $part) == 1;
            substr $part, 0, $length + -$length % 4, '';
        }
    }
}

# Reads the next message: its type, its header fields by their number, its body.
sub receive {
    my ($self) = @_;
    my $fixed = $self->take(16);
    my (undef, $type, undef, undef, $length, $serial, $fields) = unpack 'aCCCVVV', $fixed;
    my $header = $fixed . $self->take($fields + -$fields % 8);
    my $at = 12;
    my %message = map { @$_ } @{get(\$header, \$at, 'a(yv)')};
    my $body = $self->take($length);
    $at = 0;
    return {%message, type => $type, serial => $serial,
        body => [map { get(\$body, \$at, $_) } types($message{8} // '')]};
}

sub take {
    my ($self, $length) = @_;
    while (length $self->{input} < $length) {
        sysread $self->{socket}, $self->{input}, 65536, length $self->{input}
            or die "the bus is gone\n";
    }
    return substr $self->{input}, 0, $length, '';
}

sub types {
    my ($signature) = @_;
    my @types;
    push @types, $+{t} while $signature =~ /\G$TYPE/g;
    return @types;
}

sub align {
    my ($buffer, $to) = @_;
    $$buffer .= "\0" x (-length($$buffer) % $to);
}

sub put {
    my ($buffer, $type, $value) = @_;
    my $kind = substr $type, 0, 1;
    my $inner = substr $type, 1;
    align($buffer, $ALIGN{$kind} // 4);
    if ($kind eq 'y') { $$buffer .= pack 'C', $value }
    elsif ($kind =~ /[biu]/) { $$buffer .= pack 'V', $value }
    elsif ($kind =~ /[xt]/) { $$buffer .= pack 'Q<', $value }
    elsif ($kind =~ /[so]/) { $$buffer .= pack 'V/a* x', $value }
    elsif ($kind eq 'g') { $$buffer .= pack 'C/a* x', $value }
    elsif ($kind eq 'v') { put($buffer, 'g', $value->[0]); put($buffer, @$value) }
    elsif ($kind eq 'a') {
        my $place = length $$buffer;
        $$buffer .= pack 'V', 0;
        align($buffer, $ALIGN{substr $inner, 0, 1} // 4);
        my $start = length $$buffer;
        put($buffer, $inner, $_) for @$value;
        substr($$buffer, $place, 4) = pack 'V', length($$buffer) - $start;
    }
    else {
        my @values = @$value;
        put($buffer, $_, shift @values) for types(substr $inner, 0, -1);
    }
}

sub get {
    my ($buffer, $at, $type) = @_;
    my $kind = substr $type, 0, 1;
    my $inner = substr $type, 1;
    $$at += -$$at % ($ALIGN{$kind} // 4);
    my $fixed = sub {
        my ($format, $length) = @_;
        my $value = unpack $format, substr $$buffer, $$at, $length;
        $$at += $length;
        return $value;
    };
    return $fixed->('C', 1) if $kind eq 'y';
    return $fixed->('V', 4) if $kind =~ /[biu]/;
    return $fixed->('Q<', 8) if $kind =~ /[xt]/;
    if ($kind =~ /[sog]/) {
        my $length = $kind eq 'g' ? $fixed->('C', 1) : $fixed->('V', 4);
        my $text = $fixed->("a$length", $length);
        $$at++;
        return $text;
    }
    return get($buffer, $at, get($buffer, $at, 'g')) if $kind eq 'v';
    my @values;
    if ($kind eq 'a') {
        my $length = $fixed->('V', 4);
        $$at += -$$at % ($ALIGN{substr $inner, 0, 1} // 4);
        my $end = $$at + $length;
        push @values, get($buffer, $at, $inner) while $$at < $end;
    }
    else {
        push @values, get($buffer, $at, $_) for types(substr $inner, 0, -1);
    }
    return \@values;
}

1;
