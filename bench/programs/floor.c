/*
 * The minimum cost of the calls of a login, peer to peer and over the system bus: a client without a
 * library, and a service with fixed answers.
 *
 *     floor serve NAME          owns NAME, prints "ready", and answers Begin and Answer until it
 *                               is stopped
 *     floor call NAME USER CODE one login: socket, handshake, Hello, Begin, Answer, close
 *     floor peer SOCKET USER CODE
 *                               the same without the bus: D-Bus from peer to peer
 *     floor start NAME USER PROGRAM ARGUMENT...
 *                               starts PROGRAM, waits until it owns NAME, and calls Begin
 *
 * "call" and "peer" print the nanoseconds from before socket() to after close(). "start" prints
 * those from before the start of the program to the reply, and stops the program. The messages are
 * those of a login: if the daemon owns NAME, the login takes place.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define BUS "/run/dbus/system_bus_socket"
#define DIRECT "/run/tfa-bench.socket"
#define PATH "/org/tfad/Tfa1"
#define INTERFACE "org.tfad.Tfa1.Login"

enum { METHOD_CALL = 1, METHOD_RETURN = 2, ERROR = 3, SIGNAL = 4 };
enum { FIELD_PATH = 1, FIELD_INTERFACE, FIELD_MEMBER, FIELD_ERROR, FIELD_REPLY_SERIAL,
       FIELD_DESTINATION, FIELD_SENDER, FIELD_SIGNATURE };
enum { NO_REPLY_EXPECTED = 1 };

static void fail(const char *doing)
{
    fprintf(stderr, "floor: cannot %s: %s\n", doing, strerror(errno));
    exit(1);
}

static void refuse(const char *why)
{
    fprintf(stderr, "floor: %s\n", why);
    exit(1);
}

/* Bytes to send. */
struct out {
    size_t length;
    size_t start; /* of the current message; alignment is relative to it */
    char bytes[1 << 17];
};

static void put(struct out *out, const void *bytes, size_t length)
{
    if (out->length + length > sizeof out->bytes)
        refuse("too much to send at once");
    memcpy(out->bytes + out->length, bytes, length);
    out->length += length;
}

static void align(struct out *out, size_t to)
{
    while ((out->length - out->start) % to)
        put(out, "", 1);
}

static void put_u32(struct out *out, uint32_t number)
{
    align(out, 4);
    put(out, &number, 4);
}

static void put_string(struct out *out, const char *text)
{
    put_u32(out, strlen(text));
    put(out, text, strlen(text) + 1);
}

static void put_signature(struct out *out, const char *signature)
{
    unsigned char length = strlen(signature);
    put(out, &length, 1);
    put(out, signature, length + 1);
}

static void put_field(struct out *out, unsigned char code, const char *type, const char *value)
{
    align(out, 8);
    put(out, &code, 1);
    put_signature(out, type);
    if (*type == 'g')
        put_signature(out, value);
    else
        put_string(out, value);
}

static void patch_u32(struct out *out, size_t at, uint32_t number)
{
    memcpy(out->bytes + at, &number, 4);
}

/* Writes a header up to its fields. */
static void begin_message(struct out *out, unsigned char type, unsigned char flags,
                            uint32_t serial)
{
    unsigned char head[4] = { 'l', type, flags, 1 };
    out->start = out->length;
    put(out, head, 4);
    put_u32(out, 0);
    put_u32(out, serial);
    put_u32(out, 0);
}

static void end_fields(struct out *out)
{
    patch_u32(out, out->start + 12, out->length - out->start - 16);
    align(out, 8);
    /* The start of the body, from which end_message computes its length. */
    patch_u32(out, out->start + 4, out->length);
}

static void end_message(struct out *out)
{
    uint32_t body;
    memcpy(&body, out->bytes + out->start + 4, 4);
    patch_u32(out, out->start + 4, out->length - body);
}

static void begin_call(struct out *out, uint32_t serial, const char *destination,
                       const char *path, const char *interface, const char *member,
                       const char *signature)
{
    begin_message(out, METHOD_CALL, 0, serial);
    put_field(out, FIELD_PATH, "o", path);
    put_field(out, FIELD_DESTINATION, "s", destination);
    put_field(out, FIELD_INTERFACE, "s", interface);
    put_field(out, FIELD_MEMBER, "s", member);
    if (signature)
        put_field(out, FIELD_SIGNATURE, "g", signature);
    end_fields(out);
}

/* The handshake. The first byte carries the credentials. */
static void put_handshake(struct out *out)
{
    char uid[16], hex[33] = "", sasl[96];
    snprintf(uid, sizeof uid, "%u", (unsigned)getuid());
    for (size_t i = 0; uid[i]; i++)
        sprintf(hex + 2 * i, "%02x", (unsigned)uid[i]);
    int length = snprintf(sasl, sizeof sasl, "AUTH EXTERNAL %s\r\nBEGIN\r\n", hex);
    put(out, "", 1);
    put(out, sasl, length);
}

/* The handshake and Hello, sent together. */
static void put_greeting(struct out *out)
{
    put_handshake(out);
    begin_call(out, 1, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
               "Hello", NULL);
    end_message(out);
}

static void put_entry(struct out *out, const char *key, const char *value)
{
    align(out, 8);
    put_string(out, key);
    put_signature(out, "s");
    put_string(out, value);
}

static void put_begin(struct out *out, uint32_t serial, const char *name, const char *user)
{
    begin_call(out, serial, name, PATH, INTERFACE, "Begin", "sa{sv}");
    put_string(out, user);
    put_u32(out, 0);
    size_t length_at = out->length - 4;
    align(out, 8);
    size_t entries = out->length;
    put_entry(out, "phase", "auth");
    put_entry(out, "service", "bench-tfa");
    put_entry(out, "rhost", "192.0.2.7");
    put_entry(out, "tty", "ssh");
    patch_u32(out, length_at, out->length - entries);
    end_message(out);
}

static void put_answer(struct out *out, uint32_t serial, const char *name, uint32_t dialog,
                       const char *code)
{
    begin_call(out, serial, name, PATH, INTERFACE, "Answer", "us");
    put_u32(out, dialog);
    put_string(out, code);
    end_message(out);
}

/* A turn without lines: (a(ss)ssu). */
static void put_turn(struct out *out, const char *tag, const char *text, uint32_t digits)
{
    align(out, 8);
    put_u32(out, 0);
    align(out, 8);
    put_string(out, tag);
    put_string(out, text);
    put_u32(out, digits);
}

static int connect_to(const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    int bus = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bus < 0 || connect(bus, (struct sockaddr *)&address, sizeof address) < 0)
        fail("connect");
    return bus;
}

static int connect_bus(void)
{
    return connect_to(BUS);
}

static void flush(int bus, struct out *out)
{
    for (size_t sent = 0; sent < out->length;) {
        ssize_t more = send(bus, out->bytes + sent, out->length - sent, MSG_NOSIGNAL);
        if (more < 0)
            fail("send to the bus");
        sent += more;
    }
    out->length = 0;
}

/* Received bytes. */
struct in {
    size_t length, used;
    char bytes[1 << 16];
};

struct message {
    unsigned char type, flags;
    uint32_t serial;
    const char *fields;
    size_t fields_length;
    const char *body;
    size_t body_length;
};

static void receive(int bus, struct in *in)
{
    if (in->used) {
        memmove(in->bytes, in->bytes + in->used, in->length - in->used);
        in->length -= in->used;
        in->used = 0;
    }
    if (in->length == sizeof in->bytes)
        refuse("a message is too long");
    ssize_t more = recv(bus, in->bytes + in->length, sizeof in->bytes - in->length, 0);
    if (more < 0)
        fail("receive from the bus");
    if (more == 0)
        refuse("the bus closed the connection");
    in->length += more;
}

static void expect_ok(int bus, struct in *in)
{
    char *end;
    while (!(end = memchr(in->bytes, '\n', in->length)))
        receive(bus, in);
    if (in->length < 3 || memcmp(in->bytes, "OK ", 3))
        refuse("the bus rejected the handshake");
    in->used = end + 1 - in->bytes;
}

/* Takes a message, if it has been received completely. */
static int take(struct in *in, struct message *message)
{
    const char *bytes = in->bytes + in->used;
    size_t received = in->length - in->used;
    uint32_t body, fields;
    if (received < 16)
        return 0;
    memcpy(&body, bytes + 4, 4);
    memcpy(&fields, bytes + 12, 4);
    size_t head = 16 + ((size_t)fields + 7) / 8 * 8;
    if (received < head + body)
        return 0;
    message->type = bytes[1];
    message->flags = bytes[2];
    memcpy(&message->serial, bytes + 8, 4);
    message->fields = bytes + 16;
    message->fields_length = fields;
    message->body = bytes + head;
    message->body_length = body;
    in->used += head + body;
    return 1;
}

/* Waits for the next reply. Skips signals. */
static struct message await_return(int bus, struct in *in)
{
    struct message message;
    for (;;) {
        while (!take(in, &message))
            receive(bus, in);
        if (message.type == ERROR)
            refuse("the bus or the service answers with an error");
        if (message.type == METHOD_RETURN)
            return message;
    }
}

static const char *field(const struct message *message, unsigned char wanted)
{
    size_t at = 0;
    while (at + 8 <= message->fields_length) {
        const char *here = message->fields + at;
        uint32_t length;
        /* Header fields are strings with a length of four bytes, signatures and numbers. */
        size_t start = 1 + 1 + (unsigned char)here[1] + 1;
        if (here[2] == 'g') {
            if ((unsigned char)here[0] == wanted)
                return here + start + 1;
            at += start + 1 + (unsigned char)here[start] + 1;
        } else if (here[2] == 'u') {
            at += start + 4;
        } else {
            memcpy(&length, here + start, 4);
            if ((unsigned char)here[0] == wanted)
                return here + start + 4;
            at += start + 4 + length + 1;
        }
        at = (at + 7) / 8 * 8;
    }
    return NULL;
}

static long long now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static struct out out;
static struct in in;

/* The destination in peer to peer calls, which the service ignores. */
#define PEER "org.tfad.Tfa1"

/* One login over the bus at the owner of the name. Without a name: at the listener of the socket. */
static void log_in(const char *socket, const char *name, const char *user, const char *code)
{
    long long start = now();
    int bus = connect_to(socket);
    if (name) {
        put_greeting(&out);
        flush(bus, &out);
        expect_ok(bus, &in);
        await_return(bus, &in);
        put_begin(&out, 2, name, user);
        flush(bus, &out);
    } else {
        put_handshake(&out);
        put_begin(&out, 2, PEER, user);
        flush(bus, &out);
        expect_ok(bus, &in);
    }
    struct message turn = await_return(bus, &in);
    uint32_t dialog = 0;
    if (turn.body_length >= 4)
        memcpy(&dialog, turn.body, 4);
    put_answer(&out, 3, name ? name : PEER, dialog, code);
    flush(bus, &out);
    turn = await_return(bus, &in);
    close(bus);
    long long took = now() - start;
    if (!memmem(turn.body, turn.body_length, "verified", 8))
        refuse("the login is not verified");
    printf("%lld\n", took);
}

/* Waits until the name gets an owner. It has none at the start, so the first signal is that one. */
static void await_owner(int bus)
{
    struct message message;
    for (;;) {
        while (!take(&in, &message))
            receive(bus, &in);
        const char *member = field(&message, FIELD_MEMBER);
        if (message.type == SIGNAL && member && strcmp(member, "NameOwnerChanged") == 0)
            return;
    }
}

static void start(const char *name, const char *user, char **program)
{
    extern char **environ;
    char rule[256];
    pid_t child;
    snprintf(rule, sizeof rule,
             "type='signal',sender='org.freedesktop.DBus',member='NameOwnerChanged',arg0='%s'",
             name);
    int bus = connect_bus();
    put_greeting(&out);
    begin_call(&out, 2, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
               "AddMatch", "s");
    put_string(&out, rule);
    end_message(&out);
    flush(bus, &out);
    expect_ok(bus, &in);
    await_return(bus, &in);
    await_return(bus, &in);

    long long start = now();
    if ((errno = posix_spawn(&child, program[0], NULL, NULL, program, environ)))
        fail("start the program");
    await_owner(bus);
    put_begin(&out, 3, name, user);
    flush(bus, &out);
    struct message turn = await_return(bus, &in);
    long long took = now() - start;
    int asks = memmem(turn.body, turn.body_length, "ask", 3) != NULL;
    kill(child, SIGTERM);
    waitpid(child, NULL, 0);
    if (!asks)
        refuse("the program does not ask for a code");
    printf("%lld\n", took);
}

static void answer_call(const struct message *call, uint32_t serial)
{
    const char *caller = field(call, FIELD_SENDER), *member = field(call, FIELD_MEMBER);
    if (!member || call->flags & NO_REPLY_EXPECTED)
        return;
    int begins = strcmp(member, "Begin") == 0;
    unsigned char code = FIELD_REPLY_SERIAL;
    begin_message(&out, METHOD_RETURN, NO_REPLY_EXPECTED, serial);
    align(&out, 8);
    put(&out, &code, 1);
    put_signature(&out, "u");
    put_u32(&out, call->serial);
    if (caller)
        put_field(&out, FIELD_DESTINATION, "s", caller);
    put_field(&out, FIELD_SIGNATURE, "g", begins ? "u(a(ss)ssu)" : "(a(ss)ssu)");
    end_fields(&out);
    if (begins) {
        put_u32(&out, 1);
        put_turn(&out, "ask-hidden", "Verification code or backup code: ", 6);
    } else {
        put_turn(&out, "verdict", "verified", 0);
    }
    end_message(&out);
}

static int listen_for_peers(void)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = DIRECT };
    int peers = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    unlink(DIRECT);
    if (peers < 0 || bind(peers, (struct sockaddr *)&address, sizeof address) < 0 ||
        listen(peers, 16) < 0)
        fail("listen for peers");
    return peers;
}

/* Serves one login of a client that has connected without the bus. */
static void serve_peer(int peers)
{
    static struct in in;
    struct message message;
    struct ucred peer_credentials;
    socklen_t length = sizeof peer_credentials;
    const char *begin = "BEGIN\r\n", *end;
    int peer = accept4(peers, NULL, NULL, SOCK_CLOEXEC);
    if (peer < 0 || getsockopt(peer, SOL_SOCKET, SO_PEERCRED, &peer_credentials, &length) < 0)
        fail("accept a connection");
    in.length = in.used = 0;
    while (!(end = memmem(in.bytes, in.length, begin, strlen(begin))))
        receive(peer, &in);
    in.used = end + strlen(begin) - in.bytes;
    put(&out, "OK 0123456789abcdef0123456789abcdef\r\n", 37);
    for (uint32_t serial = 1; serial <= 2; serial++) {
        while (!take(&in, &message))
            receive(peer, &in);
        answer_call(&message, serial);
        flush(peer, &out);
    }
    close(peer);
}

static void serve(const char *name)
{
    enum { DO_NOT_QUEUE = 4, PRIMARY_OWNER = 1 };
    int bus = connect_bus();
    put_greeting(&out);
    begin_call(&out, 2, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
               "RequestName", "su");
    put_string(&out, name);
    put_u32(&out, DO_NOT_QUEUE);
    end_message(&out);
    flush(bus, &out);
    expect_ok(bus, &in);
    await_return(bus, &in);
    struct message message = await_return(bus, &in);
    uint32_t owner = 0;
    if (message.body_length >= 4)
        memcpy(&owner, message.body, 4);
    if (owner != PRIMARY_OWNER)
        refuse("the name already has an owner");
    int peers = listen_for_peers();
    puts("ready");
    fflush(stdout);

    uint32_t serial = 3;
    for (;;) {
        while (take(&in, &message)) {
            if (message.type == METHOD_CALL)
                answer_call(&message, serial++);
            if (out.length > sizeof out.bytes / 2)
                flush(bus, &out);
        }
        flush(bus, &out);
        struct pollfd ready[] = { { .fd = bus, .events = POLLIN }, { .fd = peers, .events = POLLIN } };
        if (poll(ready, 2, -1) < 0)
            fail("wait");
        if (ready[1].revents)
            serve_peer(peers);
        if (ready[0].revents)
            receive(bus, &in);
    }
}

int main(int count, char **arguments)
{
    if (count == 3 && strcmp(arguments[1], "serve") == 0)
        serve(arguments[2]);
    else if (count == 5 && strcmp(arguments[1], "call") == 0)
        log_in(BUS, arguments[2], arguments[3], arguments[4]);
    else if (count == 5 && strcmp(arguments[1], "peer") == 0)
        log_in(arguments[2], NULL, arguments[3], arguments[4]);
    else if (count >= 5 && strcmp(arguments[1], "start") == 0)
        start(arguments[2], arguments[3], arguments + 4);
    else {
        fprintf(stderr, "usage: floor serve NAME\n"
                        "       floor call NAME USER CODE\n"
                        "       floor peer SOCKET USER CODE\n"
                        "       floor start NAME USER PROGRAM ARGUMENT...\n");
        return 2;
    }
    return 0;
}
