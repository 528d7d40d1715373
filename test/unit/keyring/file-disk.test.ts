import { describe, expect, it } from 'vitest';
import { diskError, itemFileName, keyOfItemFile } from '../../../native-host/keyring/file-disk.ts';

describe('the file name of a key', () => {
  it.each([
    ['work', 'work'],
    ['a/b', 'a%2Fb'],
    ['100%', '100%25'],
    ['a%2Fb', 'a%252Fb'],
    ['oidc:https://x.awsapps.com/start#/', 'oidc:https:%2F%2Fx.awsapps.com%2Fstart#%2F'],
    ['sts.GetSessionToken,am9u,,1795254532', 'sts.GetSessionToken,am9u,,1795254532'],
    ['.hidden', '.hidden'],
    ['...', '...'],
    ['two words', 'two words'],
    ['Zürich', 'Zürich'],
    ['CON', 'CON'],
  ])("of %j is aws-vault's %j", (key, name) => {
    expect(itemFileName(key, 'linux')).toBe(name);
    expect(itemFileName(key, 'darwin')).toBe(name);
    expect(keyOfItemFile(name, 'linux')).toBe(key);
  });

  it.each([
    ['.', '%2E'],
    ['..', '%2E%2E'],
    ['../up', '..%2Fup'],
    ['/etc/passwd', '%2Fetc%2Fpasswd'],
    ['a\0b', 'a%00b'],
  ])('of %j stays inside the directory', (key, name) => {
    expect(itemFileName(key, 'linux')).toBe(name);
    expect(keyOfItemFile(name, 'linux')).toBe(key);
  });

  it.each([
    ['oidc:https://x/', 'oidc%3Ahttps%3A%2F%2Fx%2F'],
    ['..\\up', '..%5Cup'],
    ['a"<b>|c?*', 'a%22%3Cb%3E%7Cc%3F%2A'],
    ['ends.', 'ends%2E'],
    ['ends ', 'ends%20'],
    ['..', '%2E%2E'],
    ['CON', '%43ON'],
    ['nul.txt', '%6Eul.txt'],
    ['console', 'console'],
    ['tab\tbed', 'tab%09bed'],
  ])('of %j is one that Windows allows: %j', (key, name) => {
    expect(itemFileName(key, 'win32')).toBe(name);
    expect(keyOfItemFile(name, 'win32')).toBe(key);
  });

  it.each(['', '.keyturn-%new-77-00ff', 'a%41', 'a%2f', '100%', '%C3%BC'])(
    'is never %j, so no key is there',
    (name) => {
      expect(keyOfItemFile(name, 'linux')).toBeUndefined();
    },
  );
});

describe('a failed file operation', () => {
  it.each([
    ['EACCES', 'KEYRING_DENIED', 'permission denied'],
    ['EPERM', 'KEYRING_DENIED', 'permission denied'],
    ['EROFS', 'KEYRING_UNAVAILABLE', 'read-only'],
    ['ENOSPC', 'KEYRING_UNAVAILABLE', 'disk is full'],
    ['EDQUOT', 'KEYRING_UNAVAILABLE', 'quota'],
    ['ENAMETOOLONG', 'KEYRING_UNAVAILABLE', 'too long'],
    ['EIO', 'KEYRING_UNAVAILABLE', 'EIO'],
  ])('with %s is %s and names the file and the reason', (code, vaultCode, reason) => {
    const cause = Object.assign(new Error('system'), { code });
    expect(diskError(cause, 'write', '/vault/work')).toMatchObject({
      name: 'VaultError',
      code: vaultCode,
      message: expect.stringContaining(reason),
      details: { backend: 'file', file: '/vault/work' },
      cause,
    });
    expect(diskError(cause, 'write', '/vault/work')).toMatchObject({ message: expect.stringContaining('/vault/work') });
  });

  it('that is a defect of ours stays what it is', () => {
    const defect = new TypeError('x is not a function');
    expect(diskError(defect, 'write', '/vault/work')).toBe(defect);
  });
});
