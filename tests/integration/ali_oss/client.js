// Talks to the loopback OSS with the vendor's JavaScript client; prints one JSON object for the test to judge.
// Usage: node client.js '{"oss_endpoint": …, "region_id": …, "bucket": …, "access_key_id": …, "sts": {…}}'
'use strict';

const OSS = require('ali-oss');

const cloud = JSON.parse(process.argv[2]);

// Path style: ali-oss keeps to it for a name with `sldEnable`, not for an address.
const byName = { endpoint: cloud.oss_endpoint.replace('127.0.0.1', 'localhost'), sldEnable: true };

function client(overrides = {}) {
  return new OSS({
    accessKeyId: cloud.access_key_id,
    accessKeySecret: cloud.access_key_secret,
    bucket: cloud.bucket,
    ...byName,
    region: `oss-${cloud.region_id}`,
    secure: false,
    ...overrides,
  });
}

async function refusal(promise) {
  try {
    await promise;
    return 'no refusal';
  } catch (error) {
    return { code: error.code, status: error.status };
  }
}

async function walk(oss, prefix) {
  const keys = [];
  let token;
  let pages = 0;
  do {
    const page = await oss.listV2({ prefix, 'max-keys': 2, 'continuation-token': token });
    keys.push(...(page.objects || []).map(one => one.name));
    token = page.nextContinuationToken;
    pages += 1;
  } while (token);
  return { keys, pages };
}

async function road(oss) {
  const found = {};
  const put = await oss.put('dir/a b+ü.txt', Buffer.from('0123456789'));
  found.putCrc = put.res.headers['x-oss-hash-crc64ecma'];
  found.whole = (await oss.get('dir/a b+ü.txt')).content.toString();
  const part = await oss.get('dir/a b+ü.txt', { headers: { Range: 'bytes=2-4', 'x-oss-range-behavior': 'standard' } });
  found.part = part.content.toString();
  found.partStatus = part.res.status;
  found.partCrc = part.res.headers['x-oss-hash-crc64ecma'];
  const head = await oss.head('dir/a b+ü.txt');
  found.length = head.res.headers['content-length'];
  found.location = (await oss.getBucketLocation(cloud.bucket)).location;
  found.info = (await oss.getBucketInfo(cloud.bucket)).bucket.Location;
  for (const name of ['l/1', 'l/2', 'l/3', 'l/4', 'l/5']) await oss.put(name, Buffer.from(name));
  found.listed = await walk(oss, 'l/');
  found.missing = await refusal(oss.get('not there'));
  found.missingHead = await refusal(oss.head('not there'));
  await oss.delete('dir/a b+ü.txt');
  found.deleted = await refusal(oss.get('dir/a b+ü.txt'));
  await oss.put('cold', Buffer.from('cold'), { headers: { 'x-oss-storage-class': 'Archive' } });
  found.frozen = await refusal(oss.get('cold'));
  found.restore = (await oss.restore('cold')).res.status;
  found.thawed = (await oss.get('cold')).content.toString();
  return found;
}

async function fetchUrl(url) {
  const answer = await fetch(url.replace('localhost', '127.0.0.1')); // the host is not signed
  return { status: answer.status, text: await answer.text() };
}

async function main() {
  const v1 = client();
  const v4 = client({ authorizationV4: true });
  const sts = client({
    authorizationV4: true,
    accessKeyId: cloud.sts.access_key_id,
    accessKeySecret: cloud.sts.access_key_secret,
    stsToken: cloud.sts.security_token,
  });
  const byAddress = client({ authorizationV4: true, endpoint: cloud.oss_endpoint, sldEnable: false });
  const result = { v1: await road(v1), v4: await road(v4), sts: await road(sts), byAddress: await road(byAddress) };
  await v4.put('signed/x y', Buffer.from('by url'));
  result.urlV1 = await fetchUrl(v1.signatureUrl('signed/x y', { expires: 60 }));
  result.urlV4 = await fetchUrl(await v4.signatureUrlV4('GET', 60, undefined, 'signed/x y'));
  result.wrongSecret = await refusal(client({ authorizationV4: true, accessKeySecret: 'wrong' }).get('signed/x y'));
  result.wrongRegion = await refusal(client({ authorizationV4: true, region: 'oss-nowhere' }).get('signed/x y'));
  console.log(JSON.stringify(result));
}

main().catch(error => {
  console.error(error);
  process.exit(1);
});
