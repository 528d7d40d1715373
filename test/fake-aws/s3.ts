import { authenticate } from './authenticate.ts';
import type { Answer, Operation, Request } from './request.ts';
import { parseAuthorization } from './sigv4.ts';
import { newRequestId, partitionAndAccountOf, type State } from './state.ts';
import { xml } from './xml.ts';

const DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n';

/** The one bucket that every account has. */
export function bucketOf(account: string): string {
  return `sandbox-${account}`;
}

function xmlAnswer(status: number, requestId: string, body: string): Answer {
  return {
    status,
    headers: { 'content-type': 'application/xml', 'x-amz-request-id': requestId },
    body: DECLARATION + body,
  };
}

function listBuckets(state: State, request: Request): Answer {
  const { account } = partitionAndAccountOf(authenticate(state, request, 's3'));
  const owner = xml({ Owner: { ID: account.padEnd(64, '0') } });
  // S3 lists by element name, not by `member` as the query API does.
  const bucket = xml({ Bucket: { Name: bucketOf(account), CreationDate: '2024-01-01T00:00:00.000Z' } });
  const namespace = 'http://s3.amazonaws.com/doc/2006-03-01/';
  const body = `<ListAllMyBucketsResult xmlns="${namespace}">${owner}<Buckets>${bucket}</Buckets></ListAllMyBucketsResult>`;
  return xmlAnswer(200, newRequestId(), body);
}

/** S3 ListBuckets (`aws s3 ls`): a signed GET of `/`. `undefined`: anything else. */
export function s3Operation(state: State, request: Request): Operation | undefined {
  const { place, headers, method, path } = request;
  const authorization = parseAuthorization(headers.authorization ?? '');
  const isS3 =
    place.kind === 'api' ? place.service === 's3' : place.kind === 'loopback' && authorization?.service === 's3';
  if (!isS3 || method !== 'GET' || path !== '/') return undefined;
  return {
    service: 's3',
    name: 'ListBuckets',
    parameters: {},
    accessKeyId: authorization?.accessKeyId,
    run: () => listBuckets(state, request),
    refuse: ({ status, code, message }) => {
      const requestId = newRequestId();
      return xmlAnswer(status, requestId, xml({ Error: { Code: code, Message: message, RequestId: requestId } }));
    },
  };
}
