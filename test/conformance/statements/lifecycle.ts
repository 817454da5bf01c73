/**
 * ① ④ Group 3: when a token is replaced, and what becomes of the one before.
 */
import { group } from '../statement.ts'

export const lifecycle = group('3. Lifecycle', [
  {
    id: 'LC-01',
    priority: 'P0',
    text: 'Every login and every re-authentication issues another token, and the one presented is dead',
    source: 'ASVS 7.2.4; SMCS renewal; 6265bis §8.4',
  },
  {
    id: 'LC-02',
    priority: 'P0',
    text: 'So does every other change of privilege: roles and permissions, elevation, another password',
    source: 'SMCS renewal after a change of privilege',
  },
  {
    id: 'LC-03',
    priority: 'P1',
    text: 'What there is before the login has another cookie name and never becomes the session',
    source: 'SMCS different names before and after authentication',
  },
  {
    id: 'LC-04',
    priority: 'P1',
    text: 'The token before is tolerated for a bounded time that ends with the use of its successor; later use ends the session and is logged',
    source: 'SMCS renewal timeout; ASVS 10.4.5 by analogy',
  },
  {
    id: 'LC-05',
    priority: 'P0',
    text: 'acr, amr and auth_time come from the authentication that happened, never from the client, and are the lowest where nothing is known',
    source: 'N63B §5.1, §5.2; ASVS 6.8.4, 10.3.4',
  },
  {
    id: 'LC-06',
    priority: 'P1',
    text: 'How many sessions a user may have is documented and enforced as documented',
    source: 'ASVS 7.1.2; SMCS simultaneous sessions',
  },
  {
    id: 'LC-07',
    priority: 'P1',
    text: 'Users see their sessions, without a token, and end one or all after showing the password again',
    source: 'ASVS 7.5.2',
  },
])
