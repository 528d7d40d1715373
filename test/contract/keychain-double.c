/*
 * Stands for Security.framework and CoreFoundation of macOS: keychain files and their generic passwords in memory, with the
 * calls, structures and results of SecKeychain.h, SecKeychainItem.h, SecKeychainSearch.h and SecAccess.h. Every object that is
 * used after it was released, or released twice, ends the process. DoubleAnswer says what the person does whom the system asks.
 */
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef int32_t OSStatus;
typedef struct { uint32_t tag, length; void *data; } Attribute;
typedef struct { uint32_t count; Attribute *attr; } AttributeList;
typedef struct { char *bytes; uint32_t length; } Text;
typedef struct { int chain, alive, guarded; Text service, account, label, description, secret; } Item;
typedef struct { uint32_t magic; int kind, refs, chain, item, position; Text service, account; } Object;

enum { MAGIC = 0x5ec0bec7, KEYCHAIN = 1, SEARCH, ITEM, ACCESS, OTHER, MOST = 4096 };
enum { NOT_FOUND = -25300, DUPLICATE_ITEM = -25299, DUPLICATE_KEYCHAIN = -25296, NO_SUCH_KEYCHAIN = -25294, NO_SUCH_ATTR = -25303 };
enum { PERSON_ALLOWS, PERSON_CANCELS, PERSON_IS_AWAY, NO_DESKTOP, PERSON_IS_WRONG };
#define CODE(a, b, c, d) ((uint32_t)(a) << 24 | (b) << 16 | (c) << 8 | (d))

static struct { char path[256]; int exists, locked; } chains[16];
static int chain_count, item_count, object_count, answer, asked;
static Item items[MOST];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static Object *make(int kind) {
  Object *object = calloc(1, sizeof *object);
  object->magic = MAGIC, object->kind = kind, object->refs = 1;
  object_count++;
  return object;
}
static Object *valid(void *pointer, int kind) {
  Object *object = pointer;
  if (!object || object->magic != MAGIC || object->kind != kind) abort();
  return object;
}
static Text text(const void *bytes, uint32_t length) {
  Text copy = { malloc(length + 1), length };
  if (length > 0) memcpy(copy.bytes, bytes, length);
  return copy;
}
static int same(Text a, Text b) { return a.length == b.length && memcmp(a.bytes, b.bytes, a.length) == 0; }
static Text *field(Item *item, uint32_t tag) {
  if (tag == CODE('s', 'v', 'c', 'e')) return &item->service;
  if (tag == CODE('a', 'c', 'c', 't')) return &item->account;
  if (tag == CODE('l', 'a', 'b', 'l')) return &item->label;
  if (tag == CODE('d', 'e', 's', 'c')) return &item->description;
  return NULL;
}
static OSStatus fill(Item *item, const AttributeList *list) {
  for (uint32_t i = 0; i < list->count; i++) {
    Text *to = field(item, list->attr[i].tag);
    if (!to) return NO_SUCH_ATTR;
    *to = text(list->attr[i].data, list->attr[i].length);
  }
  return 0;
}
/* What the system's question ends with. */
static OSStatus ask(void) {
  asked++;
  if (answer == PERSON_ALLOWS) return 0;
  if (answer == NO_DESKTOP) return -25308;
  if (answer == PERSON_IS_WRONG) return -25293;
  if (answer == PERSON_IS_AWAY) {
    pthread_mutex_unlock(&lock);
    for (int i = 0; i < 300 && answer == PERSON_IS_AWAY; i++) usleep(10000);
    pthread_mutex_lock(&lock);
  }
  return -128;
}
static OSStatus unlock(int chain) {
  if (!chains[chain].exists) return NO_SUCH_KEYCHAIN;
  if (!chains[chain].locked) return 0;
  OSStatus status = ask();
  if (status == 0) chains[chain].locked = 0;
  return status;
}
static int chain_at(const char *path) {
  for (int i = 0; i < chain_count; i++) if (strcmp(chains[i].path, path) == 0) return i;
  strncpy(chains[chain_count].path, path, 255);
  return chain_count++;
}

void DoubleAnswer(int what) { answer = what; }
int DoubleAsked(void) { int n = asked; asked = 0; return n; }
int DoubleObjects(void) { return object_count; }
void DoubleLock(const char *path) { chains[chain_at(path)].locked = 1; }
void DoubleEmpty(void) { memset(chains, 0, sizeof chains); chain_count = item_count = answer = asked = 0; }
int DoubleGuarded(const char *account) {
  for (int i = 0; i < item_count; i++)
    if (items[i].alive && same(items[i].account, text(account, strlen(account)))) return items[i].guarded;
  return -1;
}

OSStatus SecKeychainOpen(const char *path, void **out) {
  Object *object = make(KEYCHAIN);
  object->chain = chain_at(path);
  *out = object;
  return 0;
}
OSStatus SecKeychainGetStatus(void *keychain, uint32_t *status) {
  int chain = valid(keychain, KEYCHAIN)->chain;
  if (!chains[chain].exists) return NO_SUCH_KEYCHAIN;
  *status = 2 | 4 | (chains[chain].locked ? 0 : 1);
  return 0;
}
OSStatus SecKeychainCreate(const char *path, uint32_t length, const void *password, uint8_t prompt, void *access, void **out) {
  if (!prompt || length != 0 || password || access) return -50;
  pthread_mutex_lock(&lock);
  int chain = chain_at(path);
  OSStatus status = chains[chain].exists ? DUPLICATE_KEYCHAIN : ask();
  if (status == 0) {
    chains[chain].exists = 1;
    Object *object = make(KEYCHAIN);
    object->chain = chain;
    *out = object;
  }
  pthread_mutex_unlock(&lock);
  return status;
}
OSStatus SecKeychainSearchCreateFromAttributes(void *keychain, uint32_t class, const AttributeList *list, void **out) {
  if (class != CODE('g', 'e', 'n', 'p')) return -50;
  Item wanted = { 0 };
  OSStatus status = fill(&wanted, list);
  if (status) return status;
  Object *search = make(SEARCH);
  search->chain = valid(keychain, KEYCHAIN)->chain;
  search->service = wanted.service, search->account = wanted.account;
  *out = search;
  return 0;
}
/* Attributes lie open in a locked keychain, too. */
OSStatus SecKeychainSearchCopyNext(void *pointer, void **out) {
  Object *search = valid(pointer, SEARCH);
  pthread_mutex_lock(&lock);
  OSStatus status = chains[search->chain].exists ? NOT_FOUND : NO_SUCH_KEYCHAIN;
  for (; status == NOT_FOUND && search->position < item_count; search->position++) {
    Item *item = &items[search->position];
    if (!item->alive || item->chain != search->chain) continue;
    if (search->service.bytes && !same(item->service, search->service)) continue;
    if (search->account.bytes && !same(item->account, search->account)) continue;
    Object *found = make(ITEM);
    found->item = search->position;
    *out = found;
    status = 0;
  }
  pthread_mutex_unlock(&lock);
  return status;
}
OSStatus SecKeychainItemCopyContent(void *pointer, uint32_t *class, AttributeList *list, uint32_t *length, void **data) {
  Item *item = &items[valid(pointer, ITEM)->item];
  pthread_mutex_lock(&lock);
  OSStatus status = item->alive ? 0 : NOT_FOUND;
  if (!status && data) status = unlock(item->chain);
  if (!status && data && item->guarded) status = ask();
  for (uint32_t i = 0; !status && i < list->count; i++) {
    Text *from = field(item, list->attr[i].tag);
    if (!from) { status = NO_SUCH_ATTR; break; }
    Text copy = text(from->bytes, from->length);
    list->attr[i].length = copy.length;
    list->attr[i].data = copy.bytes;
  }
  if (!status && data) {
    Text copy = text(item->secret.bytes, item->secret.length);
    *length = copy.length;
    *data = copy.bytes;
  }
  pthread_mutex_unlock(&lock);
  return status;
}
OSStatus SecKeychainItemFreeContent(AttributeList *list, void *data) {
  for (uint32_t i = 0; i < list->count; i++) free(list->attr[i].data);
  free(data);
  return 0;
}
OSStatus SecKeychainItemCreateFromContent(uint32_t class, const AttributeList *list, uint32_t length, const void *data, void *keychain, void *access, void **out) {
  if (class != CODE('g', 'e', 'n', 'p')) return -50;
  int chain = valid(keychain, KEYCHAIN)->chain;
  pthread_mutex_lock(&lock);
  OSStatus status = unlock(chain);
  Item item = { chain, 1, access ? valid(access, ACCESS)->item : 0 };
  if (!status) status = fill(&item, list);
  for (int i = 0; !status && i < item_count; i++)
    if (items[i].alive && items[i].chain == chain && same(items[i].service, item.service) && same(items[i].account, item.account)) status = DUPLICATE_ITEM;
  if (!status) {
    item.secret = text(data, length);
    Object *object = make(ITEM);
    object->item = item_count;
    items[item_count++] = item;
    *out = object;
  }
  pthread_mutex_unlock(&lock);
  return status;
}
OSStatus SecKeychainItemModifyContent(void *pointer, const AttributeList *list, uint32_t length, const void *data) {
  Item *item = &items[valid(pointer, ITEM)->item];
  pthread_mutex_lock(&lock);
  OSStatus status = item->alive ? unlock(item->chain) : NOT_FOUND;
  if (!status) status = fill(item, list);
  if (!status) item->secret = text(data, length);
  pthread_mutex_unlock(&lock);
  return status;
}
OSStatus SecKeychainItemDelete(void *pointer) {
  Item *item = &items[valid(pointer, ITEM)->item];
  pthread_mutex_lock(&lock);
  OSStatus status = item->alive ? unlock(item->chain) : NOT_FOUND;
  if (!status) item->alive = 0;
  pthread_mutex_unlock(&lock);
  return status;
}
/* The list of trusted programs: an array is none of them here, and no array this one. */
OSStatus SecAccessCreate(void *label, void *trusted, void **out) {
  valid(label, OTHER);
  Object *object = make(ACCESS);
  object->item = trusted ? valid(trusted, OTHER)->kind == OTHER : 0;
  *out = object;
  return 0;
}
void *CFStringCreateWithCString(void *allocator, const char *chars, uint32_t encoding) {
  return allocator || encoding != 0x08000100 ? NULL : make(OTHER);
}
void *CFArrayCreate(void *allocator, const void **values, long count, const void *callbacks) {
  return allocator || values || count != 0 || callbacks ? NULL : make(OTHER);
}
void CFRelease(void *pointer) {
  Object *object = pointer;
  if (!object || object->magic != MAGIC || object->refs < 1) abort();
  if (--object->refs > 0) return;
  object->magic = 0;
  object_count--;
}
