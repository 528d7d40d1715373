import { statSync } from 'node:fs';
import type { VaultAccess } from '../vault-access.ts';
import type { Finding } from './finding.ts';

type Shadow = {
  readonly names: readonly string[];
  /** What follows the names of those that are set. */
  readonly means: string;
  readonly remedy?: string;
};

const KEYS = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN', 'AWS_SECURITY_TOKEN'];

const SHADOWS: readonly Shadow[] = [
  {
    names: [
      'AWS_CONTAINER_CREDENTIALS_FULL_URI',
      'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI',
      'AWS_WEB_IDENTITY_TOKEN_FILE',
    ],
    means: 'gives programs credentials beside those of a profile',
  },
  { names: ['AWS_PROFILE', 'AWS_DEFAULT_PROFILE'], means: 'is the profile where none is named' },
  { names: ['AWS_REGION', 'AWS_DEFAULT_REGION'], means: "comes before every profile's own region" },
  {
    names: ['AWS_MFA_SERIAL', 'AWS_ROLE_ARN', 'AWS_ROLE_SESSION_NAME', 'AWS_SOURCE_IDENTITY', 'AWS_SESSION_TAGS'],
    means: "comes before the profile's own setting",
  },
  {
    names: [
      'AWS_ASSUME_ROLE_TTL',
      'AWS_SESSION_TOKEN_TTL',
      'AWS_CHAINED_SESSION_TOKEN_TTL',
      'AWS_FEDERATION_TOKEN_TTL',
    ],
    means: 'sets how long sessions last, for every profile',
  },
  {
    names: ['AWS_ENDPOINT_URL', 'AWS_ENDPOINT_URL_STS', 'AWS_ENDPOINT_URL_IAM', 'AWS_ENDPOINT_URL_SIGNIN'],
    means: "leads calls away from AWS's own hosts",
  },
  { names: ['AWS_CONFIG_FILE', 'AWS_SHARED_CREDENTIALS_FILE'], means: 'names another file than the one in ~/.aws' },
  {
    names: ['AWS_VAULT_FILE_PASSPHRASE'],
    means: 'holds the passphrase of the file vault, and every program of this shell can read it',
  },
];

/** Variables that change what a profile means, or that put something in its place. Their values are not shown. */
export function examineEnvironment({ env }: VaultAccess): Finding[] {
  const isSet = (name: string): boolean => Boolean(env[name]);
  const finding = { area: 'environment', level: 'note' } as const;
  const inSubshell: Finding[] = isSet('AWS_VAULT')
    ? [
        {
          ...finding,
          subject: 'AWS_VAULT',
          text: `this shell has the credentials of ${JSON.stringify(env.AWS_VAULT)}, and exec refuses to nest`,
          remedy: "'exit' leaves it, 'kt --unset' takes them out of this shell",
        },
      ]
    : KEYS.filter(isSet).map((subject) => ({
        ...finding,
        subject,
        text: 'is set outside of exec, so programs that Keyturn does not start use that key',
        remedy: `unset ${subject}, and look where it is set, such as ~/.bashrc or ~/.profile`,
      }));
  const shadows = SHADOWS.flatMap(({ names, means }) =>
    // The shell of exec has them because exec put them there.
    names
      .filter((name) => isSet(name) && !(isSet('AWS_VAULT') && /REGION$|^AWS_CONTAINER/.test(name)))
      .map((subject) => ({ ...finding, subject, text: means })),
  );
  const all = [...inSubshell, ...shadows, ...missingFiles(env)];
  return all.length > 0
    ? all
    : [{ area: 'environment', subject: 'variables', level: 'ok', text: 'none changes what a profile means' }];
}

function missingFiles(env: VaultAccess['env']): Finding[] {
  return ['AWS_CA_BUNDLE', 'SSL_CERT_FILE'].flatMap((subject): Finding[] => {
    const file = env[subject];
    if (!file || statSync(file, { throwIfNoEntry: false })?.isFile()) return [];
    const text = `names ${file}, which is no file, so no connection to AWS can be checked`;
    return [{ area: 'environment', subject, level: 'broken', text, remedy: `correct or unset ${subject}` }];
  });
}
