/**
 * ⑥ ⑦ Groups 9 and 10: one-time claims, and the keys that they are signed with.
 */
import { group } from '../statement.ts'

export const claims = group('9. One-time claims', [
  {
    id: 'JW-01',
    priority: 'P0',
    text: 'Only the configured asymmetric algorithms are accepted; none, MACs and all others are refused',
    source: 'ASVS 9.1.1, 9.1.2; RFC 8725 §3.1, §3.2',
  },
  {
    id: 'JW-02',
    priority: 'P0',
    text: 'Keys come from the configured issuers only, never from a header; an unknown key id costs one request at most',
    source: 'ASVS 9.1.3; RFC 8725 §3.10',
  },
  {
    id: 'JW-03',
    priority: 'P0',
    text: 'Claims have a type of their own; other kinds of JWT are refused where claims are taken, and claims everywhere else',
    source: 'RFC 8725 §3.11, §3.12; ASVS 9.2.2; RFC 8417 §4',
  },
  {
    id: 'JW-04',
    priority: 'P0',
    text: 'Issuer and audience must match, and the key must be the issuer’s',
    source: 'RFC 7519 §4.1.3; RFC 8725 §3.8, §3.9; ASVS 9.2.3, 9.2.4',
  },
  {
    id: 'JW-05',
    priority: 'P0',
    text: 'exp, nbf and iat are demanded and checked, with seconds of tolerance; no claim lives longer than the verifier allows',
    source: 'RFC 7519 §4.1.4 to §4.1.6; ASVS 9.2.1',
  },
  {
    id: 'JW-06',
    priority: 'P0',
    text: 'An unguessable jti is redeemed exactly once across all replicas, and not at all while nobody can say',
    source: 'RFC 7519 §4.1.7; RFC 9449 §11.1; ASVS 15.4.2, 16.5.3',
  },
  {
    id: 'JW-07',
    priority: 'P0',
    text: 'What is remembered of a spent claim is issuer and jti, until it has expired: another spelling is the same claim',
    source: 'JWT cheat sheet',
  },
  {
    id: 'JW-08',
    priority: 'P0',
    text: 'A claim allows one operation on one version of one file, for one subject',
    source: 'ASVS 9.2.2, 8.2.2, 8.4.1, 5.3.2',
  },
  {
    id: 'JW-09',
    priority: 'P1',
    text: 'Malformed tokens die early, in bounded time and memory',
    source: 'RFC 8725 §3.3, §3.7; RFC 7519 §7.2',
  },
  {
    id: 'JW-10',
    priority: 'P0',
    text: 'The file service accepts nothing but claims, and writes no other credential down',
    source: 'ASVS 10.1.1',
  },
  { id: 'JW-11', priority: 'P0', text: 'Claims never travel in URLs', source: 'ASVS 14.2.1' },
])

export const claimKeys = group('10. Key management: keys of claims', [
  {
    id: 'KM-01',
    priority: 'P0',
    text: 'Each key serves one algorithm and one purpose',
    source: 'RFC 8725 §3.1, §3.12; ASVS 11.1.2',
  },
  {
    id: 'KM-02',
    priority: 'P0',
    text: 'What is published of keys is public, with unique ids',
    source: 'RFC 7517; SSF §7.1',
  },
  {
    id: 'KM-03',
    priority: 'P0',
    text: 'Rotation loses nothing, retired keys are gone, and a compromised one can be withdrawn at once',
    source: 'ASVS 11.2.2, 13.3.4, 11.1.1',
  },
  { id: 'KM-04', priority: 'P1', text: 'Keys give at least 128 bits of strength', source: 'ASVS 11.2.3' },
])
