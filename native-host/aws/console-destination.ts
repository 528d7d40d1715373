import { VaultError } from '../errors.ts';
import { checkRegion } from './endpoint.ts';
import { consoleHost, isConsoleHost, type Partition, partitionOfRegion } from './partition.ts';

export type ConsolePlace = {
  /** None: AWS opens the region the user was in last. */
  readonly region?: string | undefined;
  /** A page of the console, such as `s3/buckets` or `/cloudwatch/home?a=b#c`, or the whole address of one. */
  readonly path?: string | undefined;
  /** Where `region` is not set; else the region tells it. */
  readonly partition?: Partition | undefined;
};

/**
 * The console page to open: `https://REGION.console.aws.amazon.com/PATH?region=REGION`, the host by partition; PATH is the
 * home page if none is given. Without a region the console chooses: `https://console.aws.amazon.com/PATH`. A whole address is
 * taken as it is, from a console of the partition only.
 * @throws VaultError CONFIG_INVALID for a region that is none, USAGE for an address that is no console's
 */
export function consoleDestination({ region, path = '', partition = 'aws' }: ConsolePlace): string {
  const ours = region ? partitionOfRegion(region) : partition;
  const trimmed = path.trim();
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(trimmed)) return checkedAddress(trimmed, ours);
  const host = region ? `${checkRegion(region)}.${consoleHost(ours)}` : consoleHost(ours);
  const url = new URL(`https://${host}/${pageOf(trimmed, region)}`);
  // By hand and not with searchParams, which would rewrite the rest of the query.
  if (region && !url.searchParams.has('region')) {
    url.search = `${url.search === '' ? '?' : `${url.search}&`}region=${region}`;
  }
  return url.href;
}

/** Nothing before the page can turn it into another host. A query or fragment alone belongs to the home page. */
function pageOf(path: string, region: string | undefined): string {
  const page = path.replace(/^[/\\\s]+/, '');
  if (page === '') return region ? 'console/home' : '';
  return /^[?#]/.test(page) ? `console/home${page}` : page;
}

/** With multi-session, an address begins with the account it was copied from, which is not the one to sign in to. */
const SESSION_LABEL = /^\d{12}-[0-9a-z]{8}\./;

function checkedAddress(text: string, partition: Partition): string {
  const url = URL.parse(text);
  if (url !== null) url.hostname = url.hostname.replace(SESSION_LABEL, '');
  const isPlain = url?.protocol === 'https:' && url.port === '' && url.username === '' && url.password === '';
  if (isPlain && isConsoleHost(url.hostname, partition)) return url.href;
  const shown = JSON.stringify(url === null ? text.slice(0, 60) : `${url.protocol}//${url.host}`);
  const message = `${shown} is not an AWS console of this profile's partition (${partition}): give --path an https address under ${consoleHost(partition)}, or a page such as /s3/home`;
  throw new VaultError('USAGE', message, { details: { flag: 'path' } });
}
