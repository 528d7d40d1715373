import type { Grammar } from '../args-grammar.ts';

export const doctorCommand = {
  doctor: {
    help: 'Show what works here and what does not, with a way to mend it.',
    details:
      'Looks at every keyring, at files and their permissions, the config, the clock against AWS, browsers, shell and ' +
      'environment. Asks nobody to unlock anything and changes nothing. Ends with 1 only if something is broken.',
    args: {},
    flags: {
      json: { kind: 'boolean', help: 'As JSON, for programs.' },
      offline: { kind: 'boolean', help: 'Do not ask AWS for the time.' },
    },
  },
} as const satisfies Grammar['commands'];
