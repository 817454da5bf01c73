/**
 * ① ④ Group 1: what a token is made of, and through which door it may come.
 */
import { group } from '../statement.ts'

export const tokens = group('1. Tokens and entropy', [
  {
    id: 'TOK-01',
    priority: 'P0',
    text: 'A token carries at least 128 random bits, never repeats and is no UUID',
    source: 'ASVS 7.2.3, 11.5.1; N63B §5.1',
  },
  {
    id: 'TOK-02',
    priority: 'P0',
    text: 'A token means nothing to its holder: neither user, tenant, role, time nor node can be read from it',
    source: 'SMCS session id content; N63B §5.1.1',
  },
  {
    id: 'TOK-03',
    priority: 'P0',
    text: 'The authority, or a cache filled from it, alone decides whether a token is good',
    source: 'ASVS 7.2.1, 8.3.1',
  },
  {
    id: 'TOK-04',
    priority: 'P0',
    text: 'A value that the authority did not mint never becomes a session, and is reported',
    source: 'SMCS strict mode; 6265bis §8.4',
  },
  {
    id: 'TOK-05',
    priority: 'P0',
    text: 'Browsers use the cookie, programs the bearer header; other channels, and two at once, are refused',
    source: 'ASVS 14.2.1; RFC 6750 §3.1; SMCS',
  },
  {
    id: 'TOK-06',
    priority: 'P0',
    text: 'Nothing that is stored, logged, measured or sent between services is a usable token',
    source: 'SMCS; ASVS 6.5.2 by analogy',
  },
  {
    id: 'TOK-07',
    priority: 'P0',
    text: 'A token is hostile input: its length and alphabet are checked before anything is looked up',
    source: 'ASVS 2.2.1; SMCS',
  },
  {
    id: 'TOK-08',
    priority: 'P0',
    text: 'No answer that carries a token, a claim or session data may be cached',
    source: 'ASVS 14.3.2; RFC 9111 §5.2.2.5; SMCS',
  },
])
