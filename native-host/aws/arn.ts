import { VaultError } from '../errors.ts';

/**
 * `arn:PARTITION:SERVICE:REGION:ACCOUNT-ID:RESOURCE`. `region` and `accountId` are empty where the service has none;
 * `accountId` is otherwise 12 characters, leading zeros kept. `resource` is everything after, colons included.
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
 */
export type Arn = {
  readonly partition: string;
  readonly service: string;
  readonly region: string;
  readonly accountId: string;
  readonly resource: string;
};

/** An IAM entity or an assumed role: `user/division/ann` is type `user`, path `/division/`, name `ann`. */
export type ArnResource = {
  readonly type: string;
  /** Begins and ends with a slash; `/` where there is none. */
  readonly path: string;
  readonly name: string;
};

const ARN = /^arn:(aws[a-z-]*):([a-z0-9-]+):([a-z0-9-]*):(\d{12}|aws|):([^\s]+)$/;

/** The parts of an ARN, or `undefined` for a text that is none. */
export function readArn(text: string): Arn | undefined {
  const [, partition, service, region = '', accountId = '', resource] = ARN.exec(text) ?? [];
  if (partition === undefined || service === undefined || resource === undefined) return undefined;
  return { partition, service, region, accountId, resource };
}

/**
 * The parts of an ARN.
 * @throws VaultError CONFIG_INVALID for a text that is no ARN
 */
export function parseArn(text: string): Arn {
  const arn = readArn(text);
  if (arn !== undefined) return arn;
  const shown = JSON.stringify(text.slice(0, 120));
  throw new VaultError('CONFIG_INVALID', `${shown} is not an ARN; write it as arn:aws:iam::123456789012:role/NAME`);
}

/** Type, path and name of a slash-separated resource. `root` and the like have a type and an empty name. */
export function arnResource({ resource }: Arn): ArnResource {
  const [type = '', ...rest] = resource.split('/');
  const name = rest.at(-1) ?? '';
  const path = rest.slice(0, -1);
  return { type, path: path.length === 0 ? '/' : `/${path.join('/')}/`, name };
}

/** Whether a caller is a role's session; the sessions of IAM Identity Center are. */
export function isAssumedRole(arn: Arn): boolean {
  return arn.service === 'sts' && arn.resource.startsWith('assumed-role/');
}
