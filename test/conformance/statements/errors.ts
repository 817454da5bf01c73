/**
 * ①–⑦ Group 14: what is said when something is refused.
 */
import { group } from '../statement.ts'

export const errors = group('14. HTTP errors', [
  {
    id: 'HE-01',
    priority: 'P0',
    text: 'Errors are problem+json with a stable type and the real status, and give nothing away',
    source: 'RFC 9457 §3, §5; ASVS 16.5.1',
  },
  {
    id: 'HE-02',
    priority: 'P0',
    text: 'Every 401 challenges: without error where nothing was presented, invalid_token where something was',
    source: 'RFC 9110 §11.6.1, §15.5.2; RFC 6750 §3',
  },
  {
    id: 'HE-03',
    priority: 'P0',
    text: 'A good session without the right gets 403, or 404 where it may not know that there is something',
    source: 'RFC 6750 §3.1; RFC 9110 §15.5.4',
  },
  {
    id: 'HE-04',
    priority: 'P0',
    text: 'Expired, revoked, unknown and malformed look alike from outside',
    source: 'RFC 7662 §4; ASVS 6.3.8, 16.5.1',
  },
  {
    id: 'HE-05',
    priority: 'P1',
    text: 'Throttled is 429 with Retry-After, and RateLimit fields that agree with it',
    source: 'RateLimit fields draft; RFC 9110 §10.2.3',
  },
  {
    id: 'HE-06',
    priority: 'P0',
    text: 'A lost dependency is 503 with Retry-After, and never logs anybody out',
    source: 'ASVS 16.5.2, 16.5.3; RFC 9110 §10.2.3',
  },
  {
    id: 'HE-07',
    priority: 'P1',
    text: 'Only documented methods, true content types, nosniff, and no versions told',
    source: 'ASVS 4.1.1, 4.1.4, 3.4.4, 13.4.4, 13.4.6',
  },
  {
    id: 'HE-08',
    priority: 'P1',
    text: 'Parameters of header fields mean the same quoted or not, in any case and with any blanks',
    source: 'RFC 9110 §5.6.1, §5.6.6, §8.3.1',
  },
  {
    id: 'HE-09',
    priority: 'P0',
    text: 'An unknown transfer coding is refused, and nothing that follows on its connection is executed',
    source: 'RFC 9112 §6.1, §6.3, §9.6; ASVS 4.2.1',
  },
])
