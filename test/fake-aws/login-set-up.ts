import { createHash, createPublicKey, generateKeyPairSync } from 'node:crypto';
import { issue, LOGIN_CLIENT } from './login.ts';
import type { LoginPerson } from './login-state.ts';
import type { Role, State, User } from './state.ts';

export type LoginHandle = {
  /** What `aws login` writes into the config file. */
  readonly loginSession: string;
  /** The name and the content of the file in which the AWS CLI keeps a login that was made now, `agoSeconds` ago. */
  readonly cacheFile: (options?: { readonly agoSeconds?: number }) => { readonly name: string; readonly text: string };
  /** What the person does on the next authorization pages; `allow` at first. */
  readonly answerWith: (consent: LoginPerson['consent']) => void;
  /** Ends the session, or has it end. */
  readonly refuse: (refusal: LoginPerson['refusal']) => void;
};

/** Somebody who is signed in to the console; the browser offers the session of who was added last. */
export function addConsoleUser(state: State, identity: User | Role): LoginHandle {
  const person: LoginPerson =
    'roleId' in identity
      ? { ...ofRole(identity, 'ada'), consent: 'allow', refusal: undefined }
      : { arn: identity.arn, identity: { user: identity }, consent: 'allow', refusal: undefined };
  state.logins.people.push(person);
  return {
    loginSession: person.arn,
    cacheFile: ({ agoSeconds = 0 } = {}) => cacheFile(state, person, agoSeconds),
    answerWith: (consent) => {
      person.consent = consent;
    },
    refuse: (refusal) => {
      person.refusal = refusal;
    },
  };
}

function ofRole(role: Role, sessionName: string): Pick<LoginPerson, 'arn' | 'identity'> {
  const arn = `arn:${role.partition}:sts::${role.account}:assumed-role/${role.name}/${sessionName}`;
  return { arn, identity: { role, sessionName } };
}

/** @see https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-sign-in.html#cli-configure-sign-in-cached-credentials */
function cacheFile(state: State, person: LoginPerson, agoSeconds: number): { name: string; text: string } {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const { crv, kty, x, y } = createPublicKey(privateKey).export({ format: 'jwk' });
  const thumbprint = createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url');
  const issued = issue(state, person, thumbprint) as Record<string, object | string | number>; // as made there
  const expiresAt = new Date(state.now().getTime() + (Number(issued.expiresIn) - agoSeconds) * 1000);
  const accountId = person.arn.split(':')[4];
  const text = JSON.stringify({
    accessToken: {
      ...(issued.accessToken as object),
      accountId,
      expiresAt: expiresAt.toISOString().replace(/\.\d+/, ''),
    }, // as above
    ...{ tokenType: issued.tokenType, refreshToken: issued.refreshToken, clientId: LOGIN_CLIENT },
    idToken: 'e30.e30.e30',
    dpopKey: privateKey.export({ type: 'sec1', format: 'pem' }),
  });
  return { name: `${createHash('sha256').update(person.arn).digest('hex')}.json`, text };
}
