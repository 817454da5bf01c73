/**
 * ② ④ ⑤ Group 5: sessions are ended.
 */
import { group } from '../statement.ts'

export const revocation = group('5. Revocation and termination', [
  {
    id: 'RV-01',
    priority: 'P0',
    text: 'Logout and revocation end the session at the server: introspection says inactive, every replay is refused',
    source: 'ASVS 7.4.1; N63B §5.1; RFC 7009 §2.1',
  },
  {
    id: 'RV-02',
    priority: 'P0',
    text: 'After the answer `confirmed` no verifier admits the session: the bound is zero',
    source: 'RFC 7009 §2.1; ASVS 8.3.2',
  },
  {
    id: 'RV-03',
    priority: 'P0',
    text: 'A lost, late or repeated event admits nobody for longer than a lease, and who was cut off learns first and trusts afterwards',
    source: 'RFC 7662 §4; RFC 8417 §5.2; ASVS 16.5.2, 16.5.3',
  },
  {
    id: 'RV-04',
    priority: 'P0',
    text: 'Without the authority or Redis nothing that is not known is admitted: 503 with Retry-After, and recovery without a restart',
    source: 'ASVS 16.5.2, 16.5.3',
  },
  {
    id: 'RV-05',
    priority: 'P0',
    text: 'No order of events revives a session, and a revocation ends none that began after it',
    source: 'RFC 8417 §5.3, §5.4',
  },
  {
    id: 'RV-06',
    priority: 'P0',
    text: 'Revoking again, or what never was, succeeds alike; one change is one event',
    source: 'RFC 7009 §2.2; RFC 8417 §2.2',
  },
  {
    id: 'RV-07',
    priority: 'P0',
    text: 'Suspending an account ends its sessions, tokens and claims',
    source: 'ASVS 7.4.2',
  },
  {
    id: 'RV-08',
    priority: 'P1',
    text: 'Another password ends the other sessions of its owner',
    source: 'ASVS 7.4.3',
  },
  {
    id: 'RV-09',
    priority: 'P1',
    text: 'Logout is to be seen on every page behind it, and clears what the browser keeps',
    source: 'ASVS 7.4.4, 14.3.1; N63B §5.1; SMCS',
  },
  {
    id: 'RV-10',
    priority: 'P1',
    text: 'Streams end with their session, within the same bound',
    source: 'ASVS 4.4.3, 7.4.1',
  },
])
