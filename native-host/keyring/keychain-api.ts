import type { TypeObject } from 'koffi';
import { keychainError, STATUS } from './keychain-error.ts';
import type { NativeCalls } from './native-library.ts';
import { type Patience, type PatientCalls, patientCalls } from './patient-calls.ts';

/** What a generic password of the keychain shows without being opened. */
export type KeychainAttributes = { readonly account: string; readonly label: string; readonly description: string };

export type KeychainFrameworks = { readonly security: string; readonly coreFoundation: string };

type Place = { readonly file: string; readonly service: string; readonly patience: Patience };
type KeychainItem = KeychainAttributes & { readonly secret: Buffer };

type Pointer = bigint | null;

const GENERIC_PASSWORD = fourChars('genp');
const SERVICE = fourChars('svce');
const ACCOUNT = fourChars('acct');
const LABEL = fourChars('labl');
const DESCRIPTION = fourChars('desc');
const UTF8 = 0x0800_0100;
const UNLOCKED = 1;

/**
 * One of macOS' keychain files, and one service in it, through Security.framework, in the calls that its own program `security`
 * uses. They are old and marked so; the newer ones do not know these files, which are where aws-vault keeps its keys. All
 * methods may throw KEYRING_*, and wait for a person for as long as the patience lasts.
 * @see https://developer.apple.com/documentation/security/keychains
 */
export class KeychainFile {
  readonly #koffi: NativeCalls;
  readonly #calls: Functions;
  readonly #place: Place;
  readonly #patient: PatientCalls;

  /** @param place `file` as aws-vault gives it: without a directory it is in ~/Library/Keychains */
  constructor(koffi: NativeCalls, libraries: KeychainFrameworks, place: Place) {
    this.#koffi = koffi;
    this.#calls = functions(koffi, libraries);
    this.#place = place;
    this.#patient = patientCalls(place.patience, keychainError);
  }

  /** undefined: there is no such keychain. */
  isLocked(): Promise<boolean | undefined> {
    return this.#opened(async (keychain) => {
      const out: [number] = [0];
      const status = await this.#patient.run(this.#calls.status, [keychain, out]);
      if (status === STATUS.noSuchKeychain) return undefined;
      this.#patient.check(status);
      return (out[0] & UNLOCKED) === 0;
    });
  }

  /** Has the system ask for a new password. */
  async create(): Promise<void> {
    const out: [Pointer] = [null];
    const status = await this.#patient.run(this.#calls.create, [this.#place.file, 0, null, 1, null, out]);
    // Somebody else was faster.
    if (status !== STATUS.duplicateKeychain) this.#patient.check(status);
    if (out[0] !== null) this.#calls.release(out[0]);
  }

  read(account: string): Promise<KeychainItem | undefined> {
    return this.#withItem(account, async (item) => {
      if (item === null) return undefined;
      const { texts, secret } = await this.#content(item, [LABEL, DESCRIPTION], true);
      return { account, label: texts[0] ?? '', description: texts[1] ?? '', secret };
    });
  }

  /** `isGuarded`: no program is trusted with it, so the system asks each time. Counts for a new item only. */
  async write(item: KeychainItem & { readonly isGuarded: boolean }): Promise<void> {
    if (await this.#modify(item)) return;
    const status = await this.#add(item);
    // Somebody else has added it meanwhile.
    if (status !== STATUS.duplicateItem || !(await this.#modify(item))) this.#patient.check(status);
  }

  remove(account: string): Promise<boolean> {
    return this.#withItem(account, async (item) => {
      if (item === null) return false;
      this.#patient.check(await this.#patient.run(this.#calls.remove, [item]));
      return true;
    });
  }

  accounts(): Promise<string[]> {
    return this.#searched([[SERVICE, this.#place.service]], async (search) => {
      const accounts: string[] = [];
      for (let item = await this.#next(search); item !== null; item = await this.#next(search)) {
        const { texts } = await this.#released(item, (each) => this.#content(each, [ACCOUNT], false));
        accounts.push(...texts);
      }
      return accounts;
    });
  }

  /** Whether there was an item to modify. What its owner has allowed programs to do with it stays. */
  #modify(given: KeychainItem): Promise<boolean> {
    return this.#withItem(given.account, async (item) => {
      if (item === null) return false;
      const content = [item, this.#shown(given), given.secret.length, given.secret];
      this.#patient.check(await this.#patient.run(this.#calls.modify, content));
      return true;
    });
  }

  #add(item: KeychainItem & { readonly isGuarded: boolean }): Promise<number> {
    return this.#opened((keychain) =>
      this.#released(item.isGuarded ? noAccess(this.#calls, item.label) : null, async (access) => {
        const out: [Pointer] = [null];
        const content = [this.#shown(item), item.secret.length, item.secret];
        const status = await this.#patient.run(this.#calls.add, [GENERIC_PASSWORD, ...content, keychain, access, out]);
        if (out[0] !== null) this.#calls.release(out[0]);
        return status;
      }),
    );
  }

  #shown({ account, label, description }: KeychainAttributes) {
    const service: Attribute = [SERVICE, this.#place.service];
    return list([service, [ACCOUNT, account], [LABEL, label], [DESCRIPTION, description]]);
  }

  #withItem<T>(account: string, use: (item: Pointer) => Promise<T>): Promise<T> {
    const wanted: Attribute[] = [
      [SERVICE, this.#place.service],
      [ACCOUNT, account],
    ];
    return this.#searched(wanted, async (search) => this.#released(await this.#next(search), use));
  }

  #searched<T>(attributes: readonly Attribute[], use: (search: Pointer) => Promise<T>): Promise<T> {
    return this.#opened(async (keychain) => {
      const out: [Pointer] = [null];
      const search = [keychain, GENERIC_PASSWORD, list(attributes), out];
      this.#patient.check(await this.#patient.run(this.#calls.search, search));
      return this.#released(out[0], use);
    });
  }

  async #next(search: Pointer): Promise<Pointer> {
    const out: [Pointer] = [null];
    const status = await this.#patient.run(this.#calls.next, [search, out]);
    if (status === STATUS.itemNotFound || status === STATUS.noSuchKeychain) return null;
    this.#patient.check(status);
    return out[0];
  }

  async #opened<T>(use: (keychain: Pointer) => Promise<T>): Promise<T> {
    const out: [Pointer] = [null];
    this.#patient.check(await this.#patient.run(this.#calls.open, [this.#place.file, out]));
    return this.#released(out[0], use);
  }

  async #released<T>(pointer: Pointer, use: (pointer: Pointer) => Promise<T>): Promise<T> {
    try {
      return await use(pointer);
    } finally {
      // A call that was left to itself still uses what it was given.
      if (pointer !== null && !this.#patient.isLeft()) this.#calls.release(pointer);
    }
  }

  /** Memory of our own, because the list has to be given back as the call has filled it. */
  async #content(item: Pointer, tags: readonly number[], hasSecret: boolean): Promise<Content> {
    const koffi = this.#koffi;
    const { attribute, attributes } = this.#calls.types;
    const arrayType: TypeObject = koffi.array(attribute, tags.length);
    const attr = koffi.alloc(attribute, tags.length);
    const filled = koffi.alloc(attributes, 1);
    koffi.encode(
      attr,
      arrayType,
      tags.map((tag) => ({ tag, length: 0, data: null })),
    );
    koffi.encode(filled, attributes, { count: tags.length, attr });
    const size: [number] = [0];
    const data: [Pointer] = [null];
    const answers = hasSecret ? [size, data] : [null, null];
    const status = await this.#patient.run(this.#calls.content, [item, null, filled, ...answers]);
    try {
      this.#patient.check(status);
      const found: { length: number; data: Pointer }[] = koffi.decode(attr, arrayType);
      const texts = found.map(({ length, data: text }) => bytes(koffi, text, length).toString('utf8'));
      const secret = bytes(koffi, data[0], size[0]);
      this.#calls.freeContent(filled, data[0]);
      return { texts, secret };
    } finally {
      koffi.free(attr);
      koffi.free(filled);
    }
  }
}

type Attribute = readonly [tag: number, text: string];
type Content = { readonly texts: readonly string[]; readonly secret: Buffer };
type Functions = ReturnType<typeof functions>;

function functions(koffi: NativeCalls, libraries: KeychainFrameworks) {
  const security = koffi.load(libraries.security);
  const foundation = koffi.load(libraries.coreFoundation);
  const attribute = koffi.struct({ tag: 'uint32_t', length: 'uint32_t', data: 'void *' });
  const attributes = koffi.struct({ count: 'uint32_t', attr: koffi.pointer(attribute) });
  const given = koffi.pointer(attributes);
  const [u32, i32, pointer] = ['uint32_t', 'int32_t', 'void *'];
  const out = koffi.out(koffi.pointer('void *'));
  const size = koffi.out(koffi.pointer('uint32_t'));
  const call = (name: string, parameters: Parameters<NativeCalls['out']>[0][]) => security.func(name, i32, parameters);
  return {
    types: { attribute, attributes },
    open: call('SecKeychainOpen', ['str', out]),
    status: call('SecKeychainGetStatus', [pointer, size]),
    create: call('SecKeychainCreate', ['str', u32, pointer, 'uint8_t', pointer, out]),
    search: call('SecKeychainSearchCreateFromAttributes', [pointer, u32, given, out]),
    next: call('SecKeychainSearchCopyNext', [pointer, out]),
    content: call('SecKeychainItemCopyContent', [pointer, pointer, pointer, size, out]),
    freeContent: call('SecKeychainItemFreeContent', [pointer, pointer]),
    add: call('SecKeychainItemCreateFromContent', [u32, given, u32, pointer, pointer, pointer, out]),
    modify: call('SecKeychainItemModifyContent', [pointer, given, u32, pointer]),
    remove: call('SecKeychainItemDelete', [pointer]),
    access: call('SecAccessCreate', [pointer, pointer, out]),
    text: foundation.func('CFStringCreateWithCString', pointer, [pointer, 'str', u32]),
    array: foundation.func('CFArrayCreate', pointer, [pointer, pointer, 'int64_t', pointer]),
    release: foundation.func('CFRelease', 'void', [pointer]),
  };
}

/** SecKeychainAttributeList */
function list(attributes: readonly Attribute[]) {
  const attr = attributes.map(([tag, text]) => {
    const data = Buffer.from(text);
    return { tag, length: data.length, data: data.length === 0 ? null : data };
  });
  return { count: attr.length, attr };
}

/** A copy: what it points to is freed. */
function bytes(koffi: NativeCalls, pointer: Pointer, size: number): Buffer {
  return pointer === null || size === 0 ? Buffer.alloc(0) : Buffer.from(Buffer.from(koffi.view(pointer, size)));
}

/** Access for no program at all without a question, as aws-vault gives it to the keys that it stores. */
function noAccess(calls: Functions, label: string): Pointer {
  const text = calls.text(null, label, UTF8);
  const nobody = calls.array(null, null, 0, null);
  const out: [Pointer] = [null];
  const status = calls.access(text, nobody, out);
  calls.release(text);
  calls.release(nobody);
  if (status !== 0) throw keychainError(status);
  return out[0];
}

function fourChars(code: string): number {
  return Buffer.from(code, 'latin1').readUInt32BE();
}
