/**
 * ① Group 8: requests that somebody else makes a browser send.
 */
import { group } from '../statement.ts'

export const forgery = group('8. CSRF and CORS', [
  {
    id: 'CS-01',
    priority: 'P0',
    text: 'An unsafe request by cookie needs an anti-forgery value that is bound to this session',
    source: 'CSRF-CS signed double submit; ASVS 3.5.1; N63B §5.1',
  },
  {
    id: 'CS-02',
    priority: 'P0',
    text: 'That value counts in its header alone, shows nothing of the session, and is another after each login',
    source: 'CSRF-CS',
  },
  {
    id: 'CS-03',
    priority: 'P0',
    text: 'Unsafe requests that browsers call cross-site are refused; siblings are strangers unless they are named',
    source: 'CSRF-CS fetch metadata',
  },
  {
    id: 'CS-04',
    priority: 'P0',
    text: 'Without Fetch Metadata the exact Origin, then the Referer decides; with neither the request is refused',
    source: 'CSRF-CS',
  },
  {
    id: 'CS-05',
    priority: 'P0',
    text: 'Safe methods change nothing',
    source: 'ASVS 3.5.3; RFC 9110 §9.2.1',
  },
  {
    id: 'CS-06',
    priority: 'P0',
    text: 'JSON endpoints refuse the content types that a form can send',
    source: 'CSRF-CS; ASVS 3.5.2',
  },
  {
    id: 'CS-07',
    priority: 'P0',
    text: 'CORS names the origins that are configured, exactly, and varies on Origin',
    source: 'ASVS 3.4.2; CSRF-CS',
  },
  {
    id: 'CS-08',
    priority: 'P1',
    text: 'Login and logout are protected too, and only an act of the user begins a session',
    source: 'CSRF-CS login forms; ASVS 7.6.2, 10.6.2',
  },
  {
    id: 'CS-09',
    priority: 'P1',
    text: 'Pages carry a policy that runs and frames nothing foreign, nosniff, COOP and no referrer',
    source: 'ASVS 3.4.3 to 3.4.8, 3.5.4',
  },
])
