import type { Grammar } from '../args-grammar.ts';

export const unlockCommands = {
  unlock: {
    help: 'Give the passphrase of the file vault once, to the browser that runs.',
    details:
      'The native messaging host of every browser with the Keyturn extension keeps it in memory, and no program asks for it again ' +
      'until it is locked: when it was not used for as long as --lock-after says, when the computer sleeps, by keyturn lock, or when the browser ends.',
    args: {},
    flags: {},
  },
  lock: {
    help: 'Have every browser forget the passphrase of the file vault, and drop the keys of its items that are kept in memory.',
    args: {},
    flags: {},
  },
  'vault harden': {
    help: 'Encrypt the items of the file vault anew that are cheap to guess at.',
    details:
      'Items that aws-vault wrote cost 2 ms for each guess, ours some 50 ms; aws-vault reads both. Each item is replaced as a whole ' +
      'and read back. Can be interrupted and repeated.',
    args: {},
    flags: { dryRun: { kind: 'boolean', help: 'Only say what would be done.' } },
  },
} as const satisfies Grammar['commands'];
