/**
 * ④ Group 13: the endpoints for services that do not speak NATS.
 */
import { group } from '../statement.ts'

export const introspection = group('13. Introspection, revocation and logout endpoints', [
  {
    id: 'IN-01',
    priority: 'P0',
    text: 'Introspection is a POST form with `token` by an authenticated client; GET is refused',
    source: 'RFC 7662 §2.1, §2.3, §4',
  },
  {
    id: 'IN-02',
    priority: 'P0',
    text: 'A live token is described with members of the right types; exp is the nearer limit',
    source: 'RFC 7662 §2.2; RFC 9470',
  },
  {
    id: 'IN-03',
    priority: 'P0',
    text: 'Unknown, expired, revoked, malformed and foreign are all exactly {"active":false}',
    source: 'RFC 7662 §2.2, §2.3, §4',
  },
  {
    id: 'IN-04',
    priority: 'P1',
    text: 'Each client is told only what is its business',
    source: 'RFC 7662 §2.2, §5; ASVS 14.2.6',
  },
  {
    id: 'IN-05',
    priority: 'P1',
    text: 'Revocation is a POST form: 200 for good and bad tokens, other clients’ tokens go on, 503 where it did not happen',
    source: 'RFC 7009 §2.1, §2.2, §2.2.1; ASVS 10.4.9',
  },
  {
    id: 'IN-06',
    priority: 'P1',
    text: 'A receiver of back-channel logout verifies the logout token',
    source: 'OpenID Connect Back-Channel Logout §2.4 to §2.8; ASVS 10.5.5',
  },
])
