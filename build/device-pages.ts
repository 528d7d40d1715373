/**
 * Where IAM Identity Center has its device page, for the one script that runs in web pages. Match patterns take a wildcard in front of a
 * host only, so the hosts with a region in the middle are listed: anything shorter would take in all of `amazonaws.com`, or
 * every console of `app.aws`. Of `awsapps.com` only the access portal's paths: mail and documents live there as well.
 * @see https://docs.aws.amazon.com/singlesignon/latest/userguide/get-started-enable-identity-center.html
 * @see https://docs.aws.amazon.com/govcloud-us/latest/UserGuide/govcloud-sso.html
 */

/** Those of the SDK's partitions; a test holds the list against them. */
export const REGIONS = {
  aws: 'af-south-1 ap-east-1 ap-east-2 ap-northeast-1 ap-northeast-2 ap-northeast-3 ap-south-1 ap-south-2 ap-southeast-1 ap-southeast-2 ap-southeast-3 ap-southeast-4 ap-southeast-5 ap-southeast-6 ap-southeast-7 ca-central-1 ca-west-1 eu-central-1 eu-central-2 eu-north-1 eu-south-1 eu-south-2 eu-west-1 eu-west-2 eu-west-3 il-central-1 me-central-1 me-south-1 me-west-1 mx-central-1 sa-east-1 sa-west-1 us-east-1 us-east-2 us-west-1 us-west-2',
  'aws-cn': 'cn-north-1 cn-northwest-1',
  'aws-us-gov': 'us-gov-east-1 us-gov-west-1',
} as const;

const PORTALS = [
  'https://*.awsapps.com/start*',
  'https://*.awsapps.com/directory/*',
  'https://*.awsapps.cn/start*',
  'https://*.awsapps.cn/directory/*',
  'https://*.portal.amazonaws.com/*',
  'https://*.portal.amazonaws.com.cn/*',
];

/** Match patterns of all of them. */
export function devicePages(): string[] {
  const { 'aws-cn': china, ...others } = REGIONS;
  const listed = Object.values(others).flatMap((regions) => regions.split(' '));
  return [
    ...PORTALS,
    ...listed.flatMap((region) => [
      `https://device.sso.${region}.amazonaws.com/*`,
      `https://*.portal.${region}.app.aws/*`,
    ]),
    ...china
      .split(' ')
      .flatMap((region) => [
        `https://device.sso.${region}.amazonaws.com.cn/*`,
        `https://*.portal.${region}.app.amazonwebservices.com.cn/*`,
      ]),
  ];
}
