import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createContacts } from '../../src/asterisk/contacts.ts';
import { isRaw, readChannel, readEvent, readFrame, readTime, type Raw } from '../../src/asterisk/events.ts';

const at = '2026-11-23T12:00:00.125+0330';
const atMs = Date.parse('2026-11-23T08:30:00.125Z');

describe('an event', () => {
  test.each<[Raw, unknown]>([
    [
      { type: 'StasisEnd', timestamp: at, channel: { id: 'c' } },
      { type: 'channel-left', channelId: 'c', at: atMs },
    ],
    [
      { type: 'ChannelDestroyed', timestamp: at, cause: 16, channel: { id: 'c' } },
      { type: 'channel-destroyed', channelId: 'c', cause: 16, at: atMs, lateMs: 70 },
    ],
    [
      { type: 'ChannelHangupRequest', timestamp: at, channel: { id: 'c' } },
      { type: 'hangup-requested', channelId: 'c', byExchange: false, at: atMs },
    ],
    [
      { type: 'ChannelHangupRequest', timestamp: at, soft: true, cause: 4, channel: { id: 'c' } },
      { type: 'hangup-requested', channelId: 'c', byExchange: true, at: atMs },
    ],
    [
      // Our own request to hang up.
      { type: 'ChannelHangupRequest', timestamp: at, soft: true, cause: 32, channel: { id: 'c' } },
      { type: 'hangup-requested', channelId: 'c', byExchange: false, at: atMs },
    ],
    [
      // A telephone's cause 4 is one of Q.850.
      { type: 'ChannelHangupRequest', timestamp: at, cause: 4, channel: { id: 'c' } },
      { type: 'hangup-requested', channelId: 'c', byExchange: false, at: atMs },
    ],
    [
      { type: 'ChannelStateChange', timestamp: at, channel: { id: 'c', state: 'Ringing' } },
      { type: 'channel-state', channelId: 'c', state: 'Ringing', at: atMs },
    ],
    [
      { type: 'ChannelDtmfReceived', timestamp: at, digit: '#', channel: { id: 'c' } },
      { type: 'digit', channelId: 'c', digit: '#', at: atMs },
    ],
    [
      { type: 'PlaybackFinished', timestamp: at, playback: { id: 'p', state: 'failed' } },
      { type: 'playback-finished', playbackId: 'p', failed: true, at: atMs },
    ],
    [
      { type: 'PlaybackFinished', timestamp: at, playback: { id: 'p', state: 'done' } },
      { type: 'playback-finished', playbackId: 'p', failed: false, at: atMs },
    ],
  ])('%o is told', (raw, told) => {
    expect(readEvent(raw, () => 70)).toEqual(told);
  });

  test('of entering carries the whole channel', () => {
    const channel = {
      id: 'clinic-1.2',
      name: 'PJSIP/trunk-137-00000001',
      state: 'Up',
      caller: { name: 'x', number: '09121234567' },
      connected: { number: '137' },
      creationtime: at,
      dialplan: { app_name: 'Stasis', app_data: 'clinic,citizen,menu', context: 'clinic' },
      channelvars: { CLINIC_WITHHELD: '0', CLINIC_CALLER: null },
    };
    const entered = { type: 'StasisStart', timestamp: at, args: ['citizen', 'menu'], channel };
    expect(readEvent(entered, () => 70)).toEqual({
      type: 'channel-entered',
      args: ['citizen', 'menu'],
      at: atMs,
      channel: {
        id: 'clinic-1.2',
        name: 'PJSIP/trunk-137-00000001',
        state: 'Up',
        callerNumber: '09121234567',
        connectedNumber: '137',
        createdAt: atMs,
        application: 'Stasis',
        applicationData: 'clinic,citizen,menu',
        context: 'clinic',
        variables: { CLINIC_WITHHELD: '0', CLINIC_CALLER: '' },
      },
    });
  });

  test.each<Raw>([
    { type: 'SomethingNew', channel: { id: 'c' } },
    { type: 'toString' },
    { type: '__proto__' },
    { type: 'StasisEnd' },
    { type: 'StasisEnd', channel: [] },
    { type: 'PlaybackFinished', playback: { id: 7 } },
    { type: 'ChannelDtmfReceived', digit: '12', channel: { id: 'c' } },
    { type: 'ChannelDtmfReceived', channel: { id: 'c' } },
    {},
  ])('%o is passed over', (raw) => {
    expect(readEvent(raw, () => 70)).toBeNull();
  });

  test('times of both spellings are read, and no time is 0', () => {
    expect(readTime('2026-11-23T08:30:00.125+0000')).toBe(atMs);
    expect(readTime('2026-11-23T08:30:00.125Z')).toBe(atMs);
    for (const none of ['', 'yesterday', null, 7, {}]) expect(readTime(none)).toBe(0);
  });
});

const types = ['StasisStart', 'StasisEnd', 'ChannelDestroyed', 'ChannelHangupRequest', 'ChannelStateChange'];
const more = [
  'ChannelDtmfReceived',
  'PlaybackFinished',
  'ContactStatusChange',
  'PeerStatusChange',
  'EndpointStateChange',
];
const parts = [
  'channel',
  'args',
  'cause',
  'digit',
  'playback',
  'timestamp',
  'endpoint',
  'contact_info',
  'peer',
];
const inner = fc.dictionary(
  fc.constantFrom(
    'id',
    'state',
    'caller',
    'dialplan',
    'channelvars',
    'creationtime',
    'resource',
    'uri',
    'contact_status',
  ),
  fc.jsonValue(),
);
/** Shaped like Asterisk's, with anything at all in every place. */
const anyEvent = fc
  .tuple(
    fc.constantFrom(...types, ...more, 'New'),
    fc.dictionary(fc.constantFrom(...parts), fc.oneof(fc.jsonValue(), inner)),
  )
  .map(([type, rest]): Raw => ({ ...rest, type }));

test('whatever comes on the socket, reading it never throws', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.json(),
        anyEvent.map((raw) => JSON.stringify(raw)),
      ),
      (text) => {
        const frame = readFrame(text);
        if (frame.kind === 'event') expect(typeof frame.type).toBe('string');
      },
    ),
    { numRuns: 1000 },
  );
});

test('whatever an event is made of, what is told of it has the promised form', () => {
  const contacts = createContacts();
  fc.assert(
    fc.property(anyEvent, (raw) => {
      const event = readEvent(raw, () => 70) ?? contacts.read(raw);
      if (event === null) return;
      expect(Number.isFinite(event.at)).toBe(true);
      if ('channelId' in event) expect(event.channelId).not.toBe('');
      if ('cause' in event) expect(Number.isFinite(event.cause)).toBe(true);
      if (event.type === 'channel-entered') {
        expect(event.args.every((arg) => typeof arg === 'string')).toBe(true);
        expect(Object.values(event.channel.variables).every((value) => typeof value === 'string')).toBe(true);
      }
    }),
    { numRuns: 2000 },
  );
});

test('a channel of anything is a channel', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const { id, createdAt } = readChannel(isRaw(value) ? value : {});
      expect(typeof id).toBe('string');
      expect(Number.isFinite(createdAt)).toBe(true);
    }),
  );
});

describe('contacts', () => {
  const contact = (status: string, uri: string, resource = 'e001'): Raw => ({
    type: 'ContactStatusChange',
    timestamp: at,
    endpoint: { resource },
    contact_info: { uri, contact_status: status },
  });
  const reading = (...raws: Raw[]): unknown[] => {
    const contacts = createContacts();
    return raws.map((raw) => {
      const event = contacts.read(raw);
      return event?.type === 'contact' ? event.reachable : null;
    });
  };

  test('a registration, its first answer and its refreshes are one piece of news', () => {
    const told = reading(
      contact('NonQualified', 'a'),
      contact('Reachable', 'a'),
      contact('Updated', 'a'),
      contact('Reachable', 'a'),
    );
    expect(told).toEqual([true, null, null, null]);
  });

  test('a telephone that comes back on another port has moved, and does not flap', () => {
    const contacts = createContacts();
    const moves = [
      ...[contact('Created', 'a'), contact('Reachable', 'a'), contact('Created', 'b')],
      ...[contact('Reachable', 'b'), contact('Removed', 'a'), contact('Updated', 'b')],
    ];
    const told = moves.map((raw) => contacts.read(raw));
    const [here] = told;
    expect(here).toMatchObject({ type: 'contact', endpoint: 'e001', reachable: true });
    expect(told).toEqual([here, null, { ...here, moved: true }, null, null, null]);
    expect(reading(contact('Created', 'a'), contact('Removed', 'a'), contact('Removed', 'a'))).toEqual([
      true,
      false,
      null,
    ]);
  });

  test('a telephone that does not answer is not to be reached until it does', () => {
    expect(
      reading(contact('Reachable', 'a'), contact('Unreachable', 'a'), contact('Reachable', 'a')),
    ).toEqual([true, false, true]);
  });

  test('telephones do not mix, and nothing is known after forgetting', () => {
    const contacts = createContacts();
    expect(contacts.read(contact('Created', 'a', 'e001'))).toMatchObject({
      endpoint: 'e001',
      reachable: true,
      at: atMs,
    });
    expect(contacts.read(contact('Removed', 'a', 'e002'))).toMatchObject({
      endpoint: 'e002',
      reachable: false,
    });
    contacts.forget();
    expect(contacts.read(contact('Updated', 'a', 'e001'))).toMatchObject({
      endpoint: 'e001',
      reachable: true,
    });
  });

  test("an endpoint's state is told when it changes, whichever of the two events says so", () => {
    const contacts = createContacts();
    const state = (value: string): Raw => ({
      type: 'EndpointStateChange',
      endpoint: { resource: 'e001', state: value },
    });
    const peer = (value: string): Raw => ({
      type: 'PeerStatusChange',
      endpoint: { resource: 'e001' },
      peer: { peer_status: value },
    });
    const told = [
      state('online'),
      peer('Reachable'),
      peer('Lagged'),
      peer('Unreachable'),
      state('offline'),
      state('unknown'),
    ].map((raw) => {
      const event = contacts.read(raw);
      return event?.type === 'endpoint-state' ? event.online : null;
    });
    expect(told).toEqual([true, null, null, false, null, null]);
  });
});
