/**
 * ①–⑦ Group 16: what is written down, and what is not.
 */
import { group } from '../statement.ts'

export const logging = group('16. Logging, audit, privacy', [
  {
    id: 'LG-01',
    priority: 'P0',
    text: 'The whole life of a session is logged under stable names: created, rotated, expired with the reason, ended, used after its end',
    source: 'SMCS logging; LV-CS SESSION; ASVS 16.3.1, 16.3.3',
  },
  {
    id: 'LG-02',
    priority: 'P0',
    text: 'Every entry says when, where, who and what, and one id leads through all services',
    source: 'ASVS 16.2.1, 16.2.2, 16.2.4',
  },
  {
    id: 'LG-03',
    priority: 'P0',
    text: 'No token, cookie, claim, anti-forgery value or password is logged',
    source: 'SMCS; ASVS 16.2.5; LOG-CS',
  },
  {
    id: 'LG-04',
    priority: 'P0',
    text: 'Nothing that a caller sends can forge an entry',
    source: 'ASVS 16.4.1',
  },
  {
    id: 'LG-05',
    priority: 'P0',
    text: 'Refusals and failing controls are logged with a class of reason',
    source: 'ASVS 16.3.2 to 16.3.4; CSRF-CS',
  },
  {
    id: 'LG-06',
    priority: 'P1',
    text: 'The audit trail only grows, and tampering shows',
    source: 'ASVS 16.4.2, 16.4.3',
  },
  {
    id: 'LG-07',
    priority: 'P1',
    text: 'What is kept about people is bounded in kind and in time',
    source: 'ASVS 16.1.1, 14.2.7; LV-CS',
  },
])
