/** Arguments and flags that several commands share. */
export const duration = {
  kind: 'duration',
  short: 'd',
  help: 'How long the temporary credentials are to last, such as 1h30m or 2d (default: 1h).',
} as const;
export const noSession = {
  kind: 'boolean',
  short: 'n',
  help: 'Do without GetSessionToken: roles are assumed with the stored key itself.',
} as const;
export const region = { kind: 'string', help: 'AWS region, for every profile involved.' } as const;
export const mfaToken = {
  kind: 'string',
  short: 't',
  placeholder: 'CODE',
  help: 'MFA code; nobody is asked then.',
} as const;
export const stdout = {
  kind: 'boolean',
  help: 'Print the SSO link instead of opening a browser.',
} as const;
export const profile = { kind: 'required', help: 'Name of the profile.' } as const;
