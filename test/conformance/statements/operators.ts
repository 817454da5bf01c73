/**
 * ④ Group 11: those who may end other people's sessions.
 */
import { group } from '../statement.ts'

export const operators = group('11. Operator and admin', [
  {
    id: 'OP-01',
    priority: 'P0',
    text: 'Operators end one session, all of a user, all of a tenant, and all, with the same effect on every surface',
    source: 'ASVS 7.4.5',
  },
  {
    id: 'OP-02',
    priority: 'P0',
    text: 'Operating needs an explicit permission, and an operator of one tenant never reaches another',
    source: 'ASVS 8.2.1, 8.2.2, 8.4.1',
  },
  {
    id: 'OP-03',
    priority: 'P1',
    text: 'Wide revocation needs a fresh step-up, and can be set to need a second approver',
    source: 'ASVS 7.5.3, 2.3.5',
  },
  {
    id: 'OP-04',
    priority: 'P0',
    text: 'Each act records who, why, whom, how many, when and on which request; a reason is mandatory',
    source: 'ASVS 16.2.1, 16.3.3; CAEP §2',
  },
  {
    id: 'OP-05',
    priority: 'P0',
    text: 'Nothing that operators see is a usable token, or lets them take over a session',
    source: 'SMCS; ASVS 14.2.6',
  },
  {
    id: 'OP-06',
    priority: 'P1',
    text: 'Credentials of operators and programs are individual and short-lived; the network alone admits nobody',
    source: 'ASVS 13.2.1, 8.4.2, 10.4.16',
  },
  {
    id: 'OP-07',
    priority: 'P0',
    text: 'A bulk revocation is all or resumable: nothing from before its cut-off survives a crash',
    source: 'ASVS 2.3.3; RFC 8417 §5.4',
  },
  {
    id: 'OP-08',
    priority: 'P1',
    text: 'Guessing, introspection, login and operating are throttled, and guessing raises an alert',
    source: 'SMCS; ASVS 2.4.1, 6.3.1',
  },
])
