import type { TypeObject } from 'koffi';
import { VaultError } from '../errors.ts';
import type { NativeCalls } from './native-library.ts';

/** A generic credential of Windows, as far as a keyring needs it. */
export type WindowsCredential = {
  readonly target: string;
  /** At most CREDENTIAL_BYTES_MAX. */
  readonly secret: Buffer;
  /** Shown by the Credential Manager, at most 256 characters; what is longer is cut. */
  readonly comment: string;
};

export type CredentialManager = {
  readonly read: (target: string) => WindowsCredential | undefined;
  /** Replaces as a whole what is there. */
  readonly write: (credential: WindowsCredential) => void;
  readonly remove: (target: string) => boolean;
  /** Those whose target begins so, with the moment they were written. */
  readonly list: (prefix: string) => { readonly target: string; readonly writtenAt: Date }[];
};

export type Advapi = { readonly advapi32: string; readonly kernel32: string };

/** CRED_MAX_CREDENTIAL_BLOB_SIZE */
export const CREDENTIAL_BYTES_MAX = 2560;
const COMMENT_MAX = 255;
const GENERIC = 1;
/** As aws-vault has it: for all later logons of this user on this machine. */
const PERSIST_LOCAL_MACHINE = 2;
const NOT_FOUND = 1168;
/** From 1601 to 1970, in the 100 ns that a FILETIME counts. */
const EPOCH = 116_444_736_000_000_000n;

/**
 * The Credential Manager through advapi32.dll. Its calls are answered by the local security authority and ask nobody, so they
 * are made where they are needed, without a thread of their own: GetLastError tells of the calling thread.
 * @see https://learn.microsoft.com/windows/win32/api/wincred/
 */
export function credentialManager(koffi: NativeCalls, library: Advapi): CredentialManager {
  const advapi32 = koffi.load(library.advapi32);
  const struct = credentialStruct(koffi);
  const credential = koffi.pointer(struct);
  const u32 = 'uint32_t';
  const read = advapi32.func('CredReadW', 'int', ['str16', u32, u32, koffi.out(koffi.pointer('void *'))]);
  const write = advapi32.func('CredWriteW', 'int', [credential, u32]);
  const remove = advapi32.func('CredDeleteW', 'int', ['str16', u32, u32]);
  const counted = [koffi.out(koffi.pointer(u32)), koffi.out(koffi.pointer('void *'))];
  const enumerate = advapi32.func('CredEnumerateW', 'int', ['str16', u32, ...counted]);
  const free = advapi32.func('CredFree', 'void', ['void *']);
  const lastError = koffi.load(library.kernel32).func('GetLastError', u32, []);

  /** Whether the call found what it looked for. */
  const found = (result: number): boolean => {
    if (result !== 0) return true;
    const code = lastError();
    if (code === NOT_FOUND) return false;
    throw windowsError(code);
  };
  return {
    read: (target) => {
      const out: [bigint | null] = [null];
      if (!found(read(target, GENERIC, 0, out))) return undefined;
      try {
        return credentialAt(koffi, struct, out[0]).credential;
      } finally {
        free(out[0]);
      }
    },
    write: ({ target, secret, comment }) => {
      const content = { CredentialBlobSize: secret.length, CredentialBlob: secret.length === 0 ? null : secret };
      const fixed = { Flags: 0, Type: GENERIC, Persist: PERSIST_LOCAL_MACHINE, LastWritten: 0n };
      const none = { AttributeCount: 0, Attributes: null, TargetAlias: null, UserName: '' };
      const names = { TargetName: target, Comment: comment.slice(0, COMMENT_MAX) };
      if (write({ ...fixed, ...names, ...content, ...none }, 0) === 0) throw windowsError(lastError());
    },
    remove: (target) => found(remove(target, GENERIC, 0)),
    list: (prefix) => {
      const count: [number] = [0];
      const out: [bigint | null] = [null];
      if (!found(enumerate(`${prefix}*`, 0, count, out))) return [];
      try {
        const pointers: bigint[] = koffi.decode(out[0], koffi.array('void *', count[0]));
        return pointers
          .map((pointer) => credentialAt(koffi, struct, pointer))
          .filter(({ type, credential }) => type === GENERIC && credential.target.startsWith(prefix))
          .map(({ credential: { target }, writtenAt }) => ({ target, writtenAt }));
      } finally {
        free(out[0]);
      }
    },
  };
}

/** CREDENTIALW; a FILETIME is two 32-bit halves, the low one first, at an address for 32 bits. */
function credentialStruct(koffi: NativeCalls): TypeObject {
  return koffi.struct({
    ...{ Flags: 'uint32_t', Type: 'uint32_t', TargetName: 'str16', Comment: 'str16' },
    ...{ LastWritten: [4, 'uint64_t'], CredentialBlobSize: 'uint32_t', CredentialBlob: 'uint8_t *' },
    ...{ Persist: 'uint32_t', AttributeCount: 'uint32_t', Attributes: 'void *' },
    ...{ TargetAlias: 'str16', UserName: 'str16' },
  });
}

function credentialAt(koffi: NativeCalls, struct: TypeObject, pointer: bigint | null) {
  const fields = koffi.decode(pointer, struct);
  const size = Number(fields.CredentialBlobSize);
  const secret = size === 0 ? Buffer.alloc(0) : Buffer.from(Buffer.from(koffi.view(fields.CredentialBlob, size)));
  const writtenAt = new Date(Number((BigInt(fields.LastWritten) - EPOCH) / 10_000n));
  const credential = { target: String(fields.TargetName), comment: String(fields.Comment ?? ''), secret };
  return { type: Number(fields.Type), credential, writtenAt };
}

/** What the numbers that a keyring can meet mean; the rest is told by its number. */
const MEANINGS: Readonly<Record<number, string>> = {
  1312: 'this logon has no credentials, as over the network or in some services; log on to the machine itself',
  1783: 'it is too long for it',
  8: 'Windows has no memory for it',
};

function windowsError(code: number): VaultError {
  const details = { backend: 'wincred' };
  if (code === 5) {
    const message = 'Windows refuses access to the Credential Manager; ask who administers this machine';
    return new VaultError('KEYRING_DENIED', message, { details });
  }
  const reason = MEANINGS[code] ?? `it failed with Windows' error ${code}`;
  const message = `the Windows Credential Manager cannot be used: ${reason}; or choose another vault with --backend`;
  return new VaultError('KEYRING_UNAVAILABLE', message, { details });
}
