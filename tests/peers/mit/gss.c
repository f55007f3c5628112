/*
 * MIT's GSS-API as a tool of the tests: its acceptor, its initiator, and how long its acceptor takes.
 *
 *   mit-gss accept   [--name SPN] [--bindings HEX]
 *   mit-gss initiate SPN [--mech spnego|krb5] [--flags N] [--bindings HEX]
 *   mit-gss bench    TOKENS [--name SPN] [--bindings HEX] [--acquire-each]
 *
 * Keytab, credential cache and replay cache are those of the environment (KRB5_KTNAME, KRB5CCNAME,
 * KRB5RCACHENAME). HEX is the application data of the channel bindings. All numbers below are big-endian.
 *
 * accept and initiate read questions from standard input and answer each on standard output:
 *
 *   question   'N' begins a new context, 'G' goes on with the last one; length (4), that many octets: the token
 *              of the other side, which an initiator's 'N' has not
 *   answer     'A' established, 'C' wants another token, 'R' refused; flags (4); end of the ticket in seconds
 *              since 1970, 0 where unknown (8); major (4); minor (4); then with a length (4) each: token for
 *              the other side, name of the other side, mechanism, what the library says of an error
 *
 * bench accepts each token of a file (length, octets) once and prints one JSON object: how many it accepted and
 * refused, and microseconds of processor time for each.
 */

#define _GNU_SOURCE

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include <gssapi/gssapi.h>
#include <gssapi/gssapi_ext.h>
#include <gssapi/gssapi_krb5.h>

/* Longer than any token that the tests make. */
#define MAX_TOKEN (4u << 20)

static gss_OID_desc krb5 = { 9, "\x2a\x86\x48\x86\xf7\x12\x01\x02\x02" };
static gss_OID_desc spnego = { 6, "\x2b\x06\x01\x05\x05\x02" };

struct options {
    const char *name;
    gss_OID mech;
    OM_uint32 flags;
    int acquire_each;
    gss_channel_bindings_t bindings;
};

/* What came of one step of a context. */
struct answer {
    char outcome;
    OM_uint32 flags, major, minor;
    int64_t ends;
    gss_buffer_desc token, peer, text;
    const char *mech;
};

static void fail(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fputs("mit-gss: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    exit(1);
}

/* Adds the library's sentences for a status to text, which the caller frees. */
static void explain(char **text, OM_uint32 status, int type) {
    OM_uint32 minor, more = 0;
    do {
        gss_buffer_desc sentence = GSS_C_EMPTY_BUFFER;
        if (GSS_ERROR(gss_display_status(&minor, status, type, &krb5, &more, &sentence)))
            return;
        char *longer = NULL;
        if (asprintf(&longer, "%s%s%.*s", *text ? *text : "", *text ? ": " : "", (int)sentence.length,
                     (char *)sentence.value) < 0)
            fail("no memory");
        free(*text);
        *text = longer;
        gss_release_buffer(&minor, &sentence);
    } while (more);
}

static char *reason(OM_uint32 major, OM_uint32 minor) {
    char *text = NULL;
    explain(&text, major, GSS_C_GSS_CODE);
    if (minor)
        explain(&text, minor, GSS_C_MECH_CODE);
    return text;
}

static void demand(const char *what, OM_uint32 major, OM_uint32 minor) {
    if (GSS_ERROR(major))
        fail("%s: %s", what, reason(major, minor));
}

static gss_name_t import(const char *name) {
    OM_uint32 minor;
    gss_name_t imported = GSS_C_NO_NAME;
    gss_buffer_desc text = { strlen(name), (void *)name };
    OM_uint32 major = gss_import_name(&minor, &text, (gss_OID)GSS_KRB5_NT_PRINCIPAL_NAME, &imported);
    demand(name, major, minor);
    return imported;
}

/* A credential for krb5, bare or in SPNEGO; SPNEGO negotiates nothing else. */
static gss_cred_id_t acquire(const char *name, gss_cred_usage_t usage) {
    OM_uint32 minor;
    gss_cred_id_t credential = GSS_C_NO_CREDENTIAL;
    gss_OID_desc both[] = { krb5, spnego };
    gss_OID_set_desc mechs = { 2, both }, negotiated = { 1, &krb5 };
    gss_name_t own = name ? import(name) : GSS_C_NO_NAME;
    OM_uint32 major = gss_acquire_cred(&minor, own, GSS_C_INDEFINITE, &mechs, usage, &credential, NULL, NULL);
    demand("credential", major, minor);
    major = gss_set_neg_mechs(&minor, credential, &negotiated);
    demand("mechanisms", major, minor);
    gss_release_name(&minor, &own);
    return credential;
}

/* The end of the ticket. Takes the context away: nothing can be asked of it afterwards. */
static int64_t ends(gss_ctx_id_t *context) {
    OM_uint32 minor;
    gss_krb5_lucid_context_v1_t *lucid = NULL;
    if (GSS_ERROR(gss_krb5_export_lucid_sec_context(&minor, context, 1, (void **)&lucid)))
        return 0;
    int64_t at = lucid->endtime;
    gss_krb5_free_lucid_sec_context(&minor, lucid);
    return at;
}

static void conclude(struct answer *answer, gss_ctx_id_t *context) {
    if (GSS_ERROR(answer->major)) {
        answer->outcome = 'R';
        answer->text.value = reason(answer->major, answer->minor);
        answer->text.length = answer->text.value ? strlen(answer->text.value) : 0;
    } else if (answer->major & GSS_S_CONTINUE_NEEDED) {
        answer->outcome = 'C';
    } else {
        answer->outcome = 'A';
        answer->ends = ends(context);
    }
}

static const char *mech_name(gss_OID mech) {
    if (mech && mech->length == krb5.length && !memcmp(mech->elements, krb5.elements, krb5.length))
        return "krb5";
    if (mech && mech->length == spnego.length && !memcmp(mech->elements, spnego.elements, spnego.length))
        return "spnego";
    return "";
}

static void accept_token(const struct options *options, gss_cred_id_t credential, gss_ctx_id_t *context,
                         gss_buffer_t token, struct answer *answer) {
    OM_uint32 minor;
    gss_name_t peer = GSS_C_NO_NAME;
    gss_OID mech = GSS_C_NO_OID;
    answer->major = gss_accept_sec_context(&answer->minor, context, credential, token, options->bindings, &peer,
                                           &mech, &answer->token, &answer->flags, NULL, NULL);
    answer->mech = mech_name(mech);
    if (peer != GSS_C_NO_NAME)
        gss_display_name(&minor, peer, &answer->peer, NULL);
    gss_release_name(&minor, &peer);
}

static void initiate_token(const struct options *options, gss_cred_id_t credential, gss_name_t target,
                           gss_ctx_id_t *context, gss_buffer_t token, struct answer *answer) {
    OM_uint32 minor;
    gss_name_t peer = GSS_C_NO_NAME;
    gss_OID mech = GSS_C_NO_OID;
    answer->major = gss_init_sec_context(&answer->minor, credential, context, target, options->mech,
                                         options->flags, 0, options->bindings, token, &mech, &answer->token,
                                         &answer->flags, NULL);
    answer->mech = mech_name(mech);
    if (answer->major == GSS_S_COMPLETE &&
        gss_inquire_context(&minor, *context, NULL, &peer, NULL, NULL, NULL, NULL, NULL) == GSS_S_COMPLETE &&
        peer != GSS_C_NO_NAME)
        gss_display_name(&minor, peer, &answer->peer, NULL);
    gss_release_name(&minor, &peer);
}

static int take(void *into, size_t length) {
    return fread(into, 1, length, stdin) == length;
}

static void give(const void *octets, size_t length) {
    if (fwrite(octets, 1, length, stdout) != length)
        exit(1);
}

static void give_number(uint32_t number) {
    uint32_t ordered = htonl(number);
    give(&ordered, sizeof ordered);
}

static void give_text(const void *octets, size_t length) {
    give_number((uint32_t)length);
    give(octets, length);
}

static void tell(const struct answer *answer) {
    give(&answer->outcome, 1);
    give_number(answer->flags);
    give_number((uint32_t)(answer->ends >> 32));
    give_number((uint32_t)answer->ends);
    give_number(answer->major);
    give_number(answer->minor);
    give_text(answer->token.value, answer->token.length);
    give_text(answer->peer.value, answer->peer.length);
    give_text(answer->mech, strlen(answer->mech));
    give_text(answer->text.value, answer->text.length);
    fflush(stdout);
}

/* Answers questions until there are no more. */
static void serve(const struct options *options, gss_cred_id_t credential, gss_name_t target) {
    OM_uint32 minor;
    gss_ctx_id_t context = GSS_C_NO_CONTEXT;
    char question;
    while (take(&question, 1)) {
        uint32_t length;
        if (!take(&length, sizeof length) || (length = ntohl(length)) > MAX_TOKEN)
            fail("a token without a length, or too long");
        gss_buffer_desc token = { length, malloc(length + 1) };
        if (!token.value || !take(token.value, length))
            fail("a token that ends early");
        if (question == 'N')
            gss_delete_sec_context(&minor, &context, GSS_C_NO_BUFFER);
        struct answer answer = { 0 };
        if (target)
            initiate_token(options, credential, target, &context, &token, &answer);
        else
            accept_token(options, credential, &context, &token, &answer);
        conclude(&answer, &context);
        tell(&answer);
        gss_release_buffer(&minor, &answer.token);
        gss_release_buffer(&minor, &answer.peer);
        free(answer.text.value);
        free(token.value);
    }
}

static double cpu_us(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e6 + usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
}

/* Reads all before the clock is looked at, so that only the library is measured. */
static char *read_all(const char *path, size_t *length) {
    FILE *file = fopen(path, "rb");
    if (!file || fseek(file, 0, SEEK_END))
        fail("%s cannot be read", path);
    long end = ftell(file);
    rewind(file);
    char *octets = end < 0 ? NULL : malloc((size_t)end + 1);
    if (!octets || fread(octets, 1, (size_t)end, file) != (size_t)end)
        fail("%s cannot be read", path);
    fclose(file);
    *length = (size_t)end;
    return octets;
}

static void bench(const struct options *options, const char *path) {
    size_t length, at = 0, accepted = 0, refused = 0;
    char *octets = read_all(path, &length);
    gss_cred_id_t credential = acquire(options->name, GSS_C_ACCEPT);
    double before = cpu_us();
    while (at < length) {
        uint32_t announced;
        if (length - at < sizeof announced)
            fail("%s ends early", path);
        memcpy(&announced, octets + at, sizeof announced);
        at += sizeof announced;
        gss_buffer_desc token = { ntohl(announced), octets + at };
        if (token.length > length - at)
            fail("%s ends early", path);
        at += token.length;

        OM_uint32 minor;
        gss_ctx_id_t context = GSS_C_NO_CONTEXT;
        struct answer answer = { 0 };
        gss_cred_id_t own = options->acquire_each ? acquire(options->name, GSS_C_ACCEPT) : credential;
        accept_token(options, own, &context, &token, &answer);
        if (answer.major == GSS_S_COMPLETE)
            accepted++;
        else
            refused++;
        gss_release_buffer(&minor, &answer.token);
        gss_release_buffer(&minor, &answer.peer);
        gss_delete_sec_context(&minor, &context, GSS_C_NO_BUFFER);
        if (options->acquire_each)
            gss_release_cred(&minor, &own);
    }
    double each = (cpu_us() - before) / (accepted + refused ? accepted + refused : 1);
    printf("{\"accepted\": %zu, \"refused\": %zu, \"cpu_us\": %.3f}\n", accepted, refused, each);
    free(octets);
}

static gss_channel_bindings_t bindings(const char *hex) {
    size_t length = strlen(hex) / 2;
    gss_channel_bindings_t bindings = calloc(1, sizeof *bindings);
    unsigned char *octets = malloc(length + 1);
    if (!bindings || !octets)
        fail("no memory");
    for (size_t at = 0; at < length; at++)
        if (sscanf(hex + 2 * at, "%2hhx", octets + at) != 1)
            fail("%s is no hexadecimal number", hex);
    bindings->application_data.length = length;
    bindings->application_data.value = octets;
    return bindings;
}

static const char *value(char **arguments, int count, int *at) {
    if (++*at >= count)
        fail("%s wants a value", arguments[*at - 1]);
    return arguments[*at];
}

int main(int count, char **arguments) {
    struct options options = { .mech = &spnego };
    const char *verb = count > 1 ? arguments[1] : "", *object = NULL;
    for (int at = 2; at < count; at++) {
        if (!strcmp(arguments[at], "--name"))
            options.name = value(arguments, count, &at);
        else if (!strcmp(arguments[at], "--bindings"))
            options.bindings = bindings(value(arguments, count, &at));
        else if (!strcmp(arguments[at], "--flags"))
            options.flags = (OM_uint32)strtoul(value(arguments, count, &at), NULL, 0);
        else if (!strcmp(arguments[at], "--mech"))
            options.mech = strcmp(value(arguments, count, &at), "krb5") ? &spnego : &krb5;
        else if (!strcmp(arguments[at], "--acquire-each"))
            options.acquire_each = 1;
        else
            object = arguments[at];
    }
    if (!strcmp(verb, "accept"))
        serve(&options, acquire(options.name, GSS_C_ACCEPT), NULL);
    else if (!strcmp(verb, "initiate") && object)
        serve(&options, acquire(options.name, GSS_C_INITIATE), import(object));
    else if (!strcmp(verb, "bench") && object)
        bench(&options, object);
    else
        fail("accept, initiate SPN or bench TOKENS");
    return 0;
}
