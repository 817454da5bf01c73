/**
 * ③ ⑤ Group 6: what a session may do changes while it lives.
 */
import { group } from '../statement.ts'

export const permissions = group('6. Permission change', [
  {
    id: 'PC-01',
    priority: 'P0',
    text: 'A permission that is lost is lost for live sessions at once, without a login',
    source: 'ASVS 8.3.2',
  },
  {
    id: 'PC-02',
    priority: 'P0',
    text: 'Permissions have a version that only grows: nothing late or stale gives one back',
    source: 'RFC 8417 §5.3',
  },
  {
    id: 'PC-03',
    priority: 'P0',
    text: 'Claims fall with the permission that they were given for, within their lifetime at the latest',
    source: 'ASVS 8.3.2, 9.2.1',
  },
  {
    id: 'PC-04',
    priority: 'P1',
    text: 'A service decides by what the user may do, not by what the gateway may do',
    source: 'ASVS 8.3.3',
  },
  {
    id: 'PC-05',
    priority: 'P0',
    text: 'Headers in which the gateway says who somebody is cannot be supplied by clients',
    source: 'ASVS 4.1.3',
  },
])
