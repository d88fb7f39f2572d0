/* Decodes and encodes one value with the code that asn1c generated. PDU is the type's name.
 *
 * timed FILE reads the octets, then takes from standard input "decode N", "encode N" (it answers with nanoseconds of
 * processor and of wall clock for all N) and "again" (it answers with the octets decoded and encoded, in hex). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define JOINED_(a, b) a##b
#define JOINED(a, b) JOINED_(a, b)
#define DEFINITION JOINED(asn_DEF_, PDU)

#include HEADER

static unsigned char *octets, *out;
static size_t length, capacity;

static long long now(clockid_t clock)
{
    struct timespec at;
    clock_gettime(clock, &at);
    return at.tv_sec * 1000000000LL + at.tv_nsec;
}

static void *decoded(void)
{
    void *value = NULL;
    asn_dec_rval_t result = ber_decode(NULL, &DEFINITION, &value, octets, length);
    if (result.code != RC_OK || result.consumed != length) {
        fprintf(stderr, "asn1c: decode failed after %zu of %zu octets\n", result.consumed, length);
        exit(1);
    }
    return value;
}

static size_t encoded(void *value)
{
    asn_enc_rval_t result = der_encode_to_buffer(&DEFINITION, value, out, capacity);
    if (result.encoded < 0) {
        fprintf(stderr, "asn1c: encode failed at %s\n", result.failed_type->name);
        exit(1);
    }
    return result.encoded;
}

int main(int count, char **arguments)
{
    FILE *file = count == 2 ? fopen(arguments[1], "rb") : NULL;
    if (file == NULL)
        return 2;
    fseek(file, 0, SEEK_END);
    length = ftell(file);
    rewind(file);
    capacity = length * 2 + 64;
    octets = malloc(length);
    out = malloc(capacity);
    if (fread(octets, 1, length, file) != length)
        return 2;
    fclose(file);
    void *value = decoded();

    char word[16];
    while (scanf("%15s", word) == 1) {
        if (strcmp(word, "again") == 0) {
            size_t size = encoded(value);
            for (size_t i = 0; i < size; i++)
                printf("%02x", out[i]);
            putchar('\n');
        } else {
            long times;
            if (scanf("%ld", &times) != 1)
                return 2;
            long long wall = now(CLOCK_MONOTONIC), cpu = now(CLOCK_PROCESS_CPUTIME_ID);
            for (long i = 0; i < times; i++) {
                if (strcmp(word, "decode") == 0) {
                    void *made = decoded();
                    ASN_STRUCT_FREE(DEFINITION, made);
                } else
                    encoded(value);
            }
            cpu = now(CLOCK_PROCESS_CPUTIME_ID) - cpu;
            wall = now(CLOCK_MONOTONIC) - wall;
            printf("%lld %lld\n", cpu, wall);
        }
        fflush(stdout);
    }
    return 0;
}
