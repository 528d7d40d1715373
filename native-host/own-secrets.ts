type Env = Readonly<Record<string, string | undefined>>;

/** The variables in which somebody gives this program a secret of its own, or the way to it. Each opens every stored key at once. */
export const OWN_SECRETS: readonly string[] = [
  'AWS_VAULT_FILE_PASSPHRASE',
  'AWS_VAULT_OP_SERVICE_ACCOUNT_TOKEN',
  'KEYTURN_BACKUP_PASSPHRASE',
  'KEYTURN_IMPORT_PASSPHRASE',
  'KEYTURN_FILE_PASSPHRASE_COMMAND',
];

/** An environment for any other program: none needs our secrets. Windows does not mind how a variable's name is written. */
export function withoutOwnSecrets(env: Env): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) =>
      value === undefined || OWN_SECRETS.includes(name.toUpperCase()) ? [] : [[name, value]],
    ),
  );
}
