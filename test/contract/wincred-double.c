/*
 * Stands for advapi32.dll and kernel32.dll: the calls for generic credentials on a store in memory, with Windows' structures,
 * limits and error numbers. Names are compared without regard to case, as there. DoubleFail makes the calls fail from then on,
 * DoubleStopAfter after so many writes, as a process that is killed in between.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef uint16_t WCHAR;
typedef struct {
  uint32_t Flags, Type;
  WCHAR *TargetName, *Comment;
  uint32_t LastWrittenLow, LastWrittenHigh;
  uint32_t CredentialBlobSize;
  uint8_t *CredentialBlob;
  uint32_t Persist, AttributeCount;
  void *Attributes;
  WCHAR *TargetAlias, *UserName;
} CREDENTIALW;

enum { MOST = 4096, NOT_FOUND = 1168, BAD_STUB = 1783, INVALID_PARAMETER = 87, INVALID_FLAGS = 1004 };
static CREDENTIALW *store[MOST];
static int count;
static uint32_t last_error, failure;
static int writes_left = -1;

static size_t length(const WCHAR *s) { size_t n = 0; if (s) while (s[n]) n++; return n; }
static WCHAR lower(WCHAR c) { return c >= 'A' && c <= 'Z' ? c + 32 : c; }
static int same(const WCHAR *a, const WCHAR *b, size_t n) {
  for (size_t i = 0; i < n; i++) if (lower(a[i]) != lower(b[i])) return 0;
  return 1;
}
static WCHAR *copy(const WCHAR *s) {
  size_t n = (length(s) + 1) * sizeof(WCHAR);
  return s ? memcpy(malloc(n), s, n) : NULL;
}
static int fail(uint32_t code) { last_error = code; return 0; }
static CREDENTIALW *clone(const CREDENTIALW *from) {
  CREDENTIALW *to = malloc(sizeof *to);
  *to = *from;
  to->TargetName = copy(from->TargetName);
  to->Comment = copy(from->Comment);
  to->UserName = copy(from->UserName);
  to->CredentialBlob = memcpy(malloc(from->CredentialBlobSize + 1), from->CredentialBlob ? from->CredentialBlob : (uint8_t *)"", from->CredentialBlobSize);
  return to;
}
static int find(const WCHAR *name) {
  for (int i = 0; i < count; i++)
    if (length(store[i]->TargetName) == length(name) && same(store[i]->TargetName, name, length(name))) return i;
  return -1;
}

uint32_t GetLastError(void) { return last_error; }
void DoubleFail(uint32_t code) { failure = code; }
void DoubleStopAfter(int writes) { writes_left = writes; }
void DoubleEmpty(void) { count = 0; failure = 0; writes_left = -1; }

int CredWriteW(CREDENTIALW *given, uint32_t flags) {
  if (failure) return fail(failure);
  if (flags != 0) return fail(INVALID_FLAGS);
  if (!given || given->Type != 1 || length(given->TargetName) == 0 || length(given->TargetName) > 32767) return fail(INVALID_PARAMETER);
  if (given->Persist < 1 || given->Persist > 3 || given->Flags != 0 || given->AttributeCount != 0) return fail(INVALID_PARAMETER);
  if (length(given->Comment) > 256 || length(given->UserName) > 513) return fail(INVALID_PARAMETER);
  if (given->CredentialBlobSize > 2560 || (given->CredentialBlobSize > 0 && !given->CredentialBlob)) return fail(BAD_STUB);
  if (writes_left == 0) return fail(1450);
  if (writes_left > 0) writes_left--;
  int at = find(given->TargetName);
  if (at < 0) at = count++;
  store[at] = clone(given);
  uint64_t ticks = 116444736000000000ULL + (uint64_t)time(NULL) * 10000000ULL;
  store[at]->LastWrittenLow = (uint32_t)ticks;
  store[at]->LastWrittenHigh = (uint32_t)(ticks >> 32);
  return 1;
}
int CredReadW(const WCHAR *name, uint32_t type, uint32_t flags, CREDENTIALW **out) {
  if (failure) return fail(failure);
  if (flags != 0 || type != 1) return fail(INVALID_FLAGS);
  int at = find(name);
  if (at < 0) return fail(NOT_FOUND);
  *out = clone(store[at]);
  return 1;
}
int CredDeleteW(const WCHAR *name, uint32_t type, uint32_t flags) {
  if (failure) return fail(failure);
  if (flags != 0 || type != 1) return fail(INVALID_FLAGS);
  int at = find(name);
  if (at < 0) return fail(NOT_FOUND);
  store[at] = store[--count];
  return 1;
}
int CredEnumerateW(const WCHAR *filter, uint32_t flags, uint32_t *found, CREDENTIALW ***out) {
  if (failure) return fail(failure);
  size_t n = length(filter);
  /* Only a star at the end is understood. */
  if (flags != 0 || n == 0 || filter[n - 1] != '*') return fail(INVALID_FLAGS);
  CREDENTIALW **list = malloc(sizeof *list * (count + 1));
  uint32_t matches = 0;
  for (int i = 0; i < count; i++)
    if (length(store[i]->TargetName) >= n - 1 && same(store[i]->TargetName, filter, n - 1)) list[matches++] = clone(store[i]);
  if (matches == 0) return fail(NOT_FOUND);
  *found = matches;
  *out = list;
  return 1;
}
void CredFree(void *buffer) { memset(buffer, 0xdd, sizeof(void *)); free(buffer); }
