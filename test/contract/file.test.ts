import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileKeyring } from '../../native-host/keyring/file.ts';
import { keyringContract } from './keyring-contract.ts';

keyringContract('file', async () => {
  const parent = await mkdtemp(join(tmpdir(), 'keyturn-file-'));
  const open = () => fileKeyring({ dir: join(parent, 'keys'), passphrase: () => 'correct horse' });
  return {
    keyring: open(),
    reopen: async () => open(),
    elsewhere: {
      module: 'file.ts',
      open: 'fileKeyring',
      options: `{ dir: ${JSON.stringify(join(parent, 'keys'))}, passphrase: () => 'correct horse' }`,
    },
    cleanup: () => rm(parent, { recursive: true }),
  };
});
