// Tokens as a control plane would sign them (RFC 7519, HS256), for those that the command line refuses to make.
import { createHmac } from 'node:crypto';

/** @param {unknown} value */
const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** @param {Buffer} secret @param {Record<string, unknown>} claims */
export function signToken(secret, claims) {
  const text = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode(claims)}`;
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
}
