import { assumeRole } from './assume-role.ts';
import { authenticate } from './authenticate.ts';
import { callIam, IAM_OPERATIONS } from './iam.ts';
import { type Answer, type Operation, type Request, withoutSecrets } from './request.ts';
import { assumeRoleWithSaml } from './saml.ts';
import { parseAuthorization } from './sigv4.ts';
import { type Caller, newRequestId, type State } from './state.ts';
import { getCallerIdentity, getFederationToken, getSessionToken } from './sts.ts';
import { assumeRoleWithWebIdentity } from './web-identity.ts';
import { type XmlContent, xml } from './xml.ts';

type StsCall = (state: State, caller: Caller, form: URLSearchParams) => XmlContent;

const STS_CALLS: { readonly [operation: string]: StsCall } = {
  AssumeRole: assumeRole,
  GetSessionToken: getSessionToken,
  GetFederationToken: getFederationToken,
  GetCallerIdentity: getCallerIdentity,
};

/** Operations that AWS takes from anybody, without a signature. */
const UNSIGNED_CALLS: { readonly [operation: string]: (state: State, form: URLSearchParams) => XmlContent } = {
  AssumeRoleWithSAML: assumeRoleWithSaml,
  AssumeRoleWithWebIdentity: assumeRoleWithWebIdentity,
};

type QueryService = {
  readonly name: 'sts' | 'iam';
  readonly version: string;
  readonly namespace: string;
  readonly operations: readonly string[];
  readonly call: (state: State, operation: string, caller: Caller, form: URLSearchParams) => XmlContent;
};

const SERVICES: readonly QueryService[] = [
  {
    name: 'sts',
    version: '2011-06-15',
    namespace: 'https://sts.amazonaws.com/doc/2011-06-15/',
    operations: [...Object.keys(STS_CALLS), ...Object.keys(UNSIGNED_CALLS)],
    call: (state, operation, caller, form) => STS_CALLS[operation]?.(state, caller, form),
  },
  {
    name: 'iam',
    version: '2010-05-08',
    namespace: 'https://iam.amazonaws.com/doc/2010-05-08/',
    operations: IAM_OPERATIONS,
    call: callIam,
  },
];

function xmlAnswer(status: number, requestId: string, body: string): Answer {
  return { status, headers: { 'content-type': 'text/xml', 'x-amzn-requestid': requestId }, body };
}

function resultAnswer({ namespace }: QueryService, operation: string, result: XmlContent): Answer {
  const requestId = newRequestId();
  const resultXml = result === undefined ? '' : `<${operation}Result>${xml(result)}</${operation}Result>`;
  const metadata = `<ResponseMetadata>${xml({ RequestId: requestId })}</ResponseMetadata>`;
  const body = `<${operation}Response xmlns="${namespace}">${resultXml}${metadata}</${operation}Response>\n`;
  return xmlAnswer(200, requestId, body);
}

function errorAnswer(service: QueryService, { status, code, message }: Parameters<Operation['refuse']>[0]): Answer {
  const requestId = newRequestId();
  const error = xml({ Error: { Type: status < 500 ? 'Sender' : 'Receiver', Code: code, Message: message } });
  const body = `<ErrorResponse xmlns="${service.namespace}">${error}${xml({ RequestId: requestId })}</ErrorResponse>\n`;
  return xmlAnswer(status, requestId, body);
}

/**
 * What STS answers to somebody who only looks at it, without a signature: a redirect to the pages about IAM, dated by its clock.
 */
export function frontDoor({ method, path, rawQuery, place, headers }: Request): Operation | undefined {
  const isSts = place.kind === 'loopback' || (place.kind === 'api' && place.service === 'sts');
  if (method !== 'GET' || path !== '/' || rawQuery !== '' || !isSts || headers.authorization !== undefined)
    return undefined;
  return {
    service: 'sts',
    name: 'FrontDoor',
    parameters: {},
    accessKeyId: undefined,
    run: () => ({ status: 302, headers: { location: 'https://aws.amazon.com/iam' }, body: '' }),
    refuse: ({ status, message }) => ({ status, headers: { 'content-type': 'text/plain' }, body: message }),
  };
}

/**
 * The STS or IAM operation this request asks for: a form POST to `/`. The service is told by the host, or on loopback
 * by the API version. `undefined`: no operation the sandbox has.
 */
export function queryOperation(state: State, request: Request): Operation | undefined {
  const { form, place, method, path } = request;
  const service = SERVICES.find(({ version }) => version === form.get('Version'));
  const operation = form.get('Action') ?? '';
  if (method !== 'POST' || path !== '/' || service === undefined || !service.operations.includes(operation))
    return undefined;
  if (place.kind !== 'loopback' && !(place.kind === 'api' && place.service === service.name)) return undefined;
  const { Action: _action, Version: _version, ...parameters } = withoutSecrets(form);
  return {
    service: service.name,
    name: operation,
    parameters,
    accessKeyId: parseAuthorization(request.headers.authorization ?? '')?.accessKeyId,
    run: () => {
      const unsigned = UNSIGNED_CALLS[operation];
      if (unsigned !== undefined) return resultAnswer(service, operation, unsigned(state, form));
      const caller = authenticate(state, request, service.name);
      return resultAnswer(service, operation, service.call(state, operation, caller, form));
    },
    refuse: (error) => errorAnswer(service, error),
  };
}
