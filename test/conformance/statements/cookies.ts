/**
 * ① Group 2: the cookie of a browser session.
 */
import { group } from '../statement.ts'

export const cookies = group('2. Cookies', [
  {
    id: 'CK-01',
    priority: 'P0',
    text: 'The session cookie is called __Host-…, and is Secure, with Path=/ and without Domain',
    source: 'ASVS 3.3.1, 3.3.3; 6265bis §4.1.3.2; N63B §5.1.1',
  },
  {
    id: 'CK-02',
    priority: 'P0',
    text: 'It is HttpOnly, and its value reaches the browser through Set-Cookie alone',
    source: 'ASVS 3.3.4, 14.3.3; N63B §5.1',
  },
  {
    id: 'CK-03',
    priority: 'P0',
    text: 'SameSite is said, and is Lax or Strict',
    source: 'ASVS 3.3.2; N63B §5.1.1',
  },
  {
    id: 'CK-04',
    priority: 'P1',
    text: 'It does not outlive the browser, and its own lifetime is never what ends a session',
    source: 'N63B §5.1; 6265bis §4.1.2.1; SMCS',
  },
  {
    id: 'CK-05',
    priority: 'P1',
    text: 'Name and value stay below 4096 bytes, and no answer sets one name twice',
    source: 'ASVS 3.3.5; 6265bis §4.1.1',
  },
  {
    id: 'CK-06',
    priority: 'P1',
    text: 'The name is compared exactly; contradicting duplicates are refused',
    source: '6265bis §5.4, §8.6',
  },
  {
    id: 'CK-07',
    priority: 'P0',
    text: 'The end of a session removes the cookie with the name, path and flags that it was set with',
    source: 'SMCS session expiration; 6265bis §4.1.2',
  },
  {
    id: 'CK-08',
    priority: 'P0',
    text: 'Sessions exist over TLS only: HSTS for a year with subdomains, and no silent redirect of API calls',
    source: 'ASVS 3.4.1, 4.1.2, 12.2.1; N63B §5.1',
  },
])
