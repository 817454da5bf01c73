/**
 * ① Group 7: proving again who one is.
 */
import { group } from '../statement.ts'

export const stepUp = group('7. Re-authentication and step-up', [
  {
    id: 'SU-01',
    priority: 'P1',
    text: 'Sensitive acts demand a recent authentication, and say so as RFC 9470 does',
    source: 'RFC 9470 §3; ASVS 7.5.3, 10.3.4',
  },
  {
    id: 'SU-02',
    priority: 'P1',
    text: 'What changes how somebody authenticates needs the password again',
    source: 'ASVS 7.5.1',
  },
  {
    id: 'SU-03',
    priority: 'P1',
    text: 'A step-up rotates the token, begins both limits and auth_time anew, is written down, and wears off by its age',
    source: 'ASVS 7.2.4; N63B §5.2; CAEP §3.4; RFC 9470 §3',
  },
])
