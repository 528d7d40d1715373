/** Arguments and flags that several commands share. */
export const duration = {
  kind: 'duration',
  short: 'd',
  env: 'AWS_VAULT_DURATION',
  variables: ['AWS_ASSUME_ROLE_TTL', 'AWS_SESSION_TOKEN_TTL', 'AWS_FEDERATION_TOKEN_TTL'],
  help: 'How long the temporary credentials are to last, such as 1h30m or 2d (default: 1h).',
} as const;
export const noSession = {
  kind: 'boolean',
  short: 'n',
  help: 'Do without GetSessionToken: roles are assumed with the stored key itself.',
} as const;
export const region = {
  kind: 'string',
  emptyIsUnset: true,
  variables: ['AWS_REGION', 'AWS_DEFAULT_REGION'],
  help: 'AWS region, for every profile involved.',
} as const;
export const mfaToken = {
  kind: 'string',
  short: 't',
  placeholder: 'CODE',
  emptyIsUnset: true,
  help: 'MFA code; nobody is asked then.',
} as const;
export const stdout = {
  kind: 'boolean',
  env: 'AWS_VAULT_STDOUT',
  help: 'Print the SSO link instead of opening a browser.',
} as const;
/** The profile whose stored key is changed. AWS_PROFILE is read where it can be said that it was (target-profile.ts). */
export const keyProfile = {
  kind: 'optional',
  completes: 'stored',
  help: 'Name of the profile (default: $AWS_PROFILE; without it, a list to choose from).',
} as const;
/** The profile that is used, which the environment may name; where nothing does, the person is asked (ask/pick-profile.ts). */
export const currentProfile = {
  kind: 'optional',
  env: 'AWS_PROFILE',
  completes: 'profile',
  help: 'Name of the profile (default: $AWS_PROFILE; without it, a list to choose from).',
} as const;
