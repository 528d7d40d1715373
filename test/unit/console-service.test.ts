import { describe, expect, it, test } from 'vitest';
import { consoleDestination } from '../../native-host/aws/console-destination.ts';
import { consoleService, consoleServiceNames } from '../../native-host/console-service.ts';
import { CONSOLE_SERVICES } from '../../native-host/console-services.ts';

describe('the table of services', () => {
  it('knows at least 80, and no name or alias twice', () => {
    const services = Object.entries(CONSOLE_SERVICES);
    expect(services.length).toBeGreaterThanOrEqual(80);
    const names = services.flatMap(([name, { aliases = [] }]) => [name, ...aliases]);
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
    expect(consoleServiceNames()).toEqual([...names].sort());
  });

  test.each(Object.entries(CONSOLE_SERVICES))('%s is a page below the console, in one region', (name, { page }) => {
    expect(name).toMatch(/^[a-z][a-z0-9-]*$/);
    const url = new URL(consoleDestination({ region: 'eu-west-1', path: page }));
    expect(url.host).toBe('eu-west-1.console.aws.amazon.com');
    expect(url.pathname).toMatch(/^\/[a-z0-9-]+/);
    expect(url.href).toContain(page.split(/[?#]/)[0]);
    expect(url.searchParams.get('region')).toBe('eu-west-1');
  });

  test.each([
    ['s3', 's3/home'],
    ['ddb', 'dynamodbv2/home'],
    ['cw', 'cloudwatch/home'],
    ['cfn', 'cloudformation/home'],
    ['r53', 'route53/v2/home'],
    ['sm', 'secretsmanager/listsecrets'],
    ['ssm', 'systems-manager/home'],
    ['sso', 'singlesignon/home'],
    ['billing', 'billing/home'],
    ['EC2', 'ec2/home'],
  ])('%s opens %s', (name, page) => {
    expect(consoleService(name).page).toBe(page);
  });

  it('knows which services have no region of their own', () => {
    const global = ['iam', 'route53', 'cloudfront', 'billing', 'organizations', 'support'];
    expect(global.filter((name) => !consoleService(name).isGlobal)).toEqual([]);
    expect(consoleService('s3').isGlobal).toBeUndefined();
  });
});

describe('a service nobody knows', () => {
  test.each([
    ['dynamdb', 'dynamodb'],
    ['lamdba', 'lambda'],
    ['cloudw', 'cloudwatch'],
    ['ecc2', 'ec2'],
    ['s4', 's3'],
  ])('%s is refused, and %s is offered', (name, near) => {
    const message = expect.stringMatching(new RegExp(`did you mean .*\\b${near}\\b`));
    expect(() => consoleService(name)).toThrow(expect.objectContaining({ code: 'USAGE', message }));
  });

  it('that is like none leads to --path, and names of objects are no services', () => {
    for (const name of ['qqqqqqqq', '__proto__', 'constructor', '']) {
      expect(() => consoleService(name)).toThrow(expect.objectContaining({ code: 'USAGE' }));
    }
    expect(() => consoleService('qqqqqqqq')).toThrow('--path');
  });
});
