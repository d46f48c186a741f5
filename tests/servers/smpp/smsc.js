// An SMSC that answers as its plan says. The first line on stdout is its port; each event is a line of JSON after that.
'use strict';

const fs = require('fs');
const smpp = require('smpp');

const plan = JSON.parse(process.argv[2]);
const say = (event, fields) => process.stdout.write(JSON.stringify({ event, ...fields }) + '\n');
const parts = new Map();
let submitted = 0;

// Texts are decoded by the library. A long one is put together here, as a phone does.
function received(pdu) {
  const message = pdu.message_payload || pdu.short_message;
  const udh = (message.udh || [])[0];
  let place = null;
  if (udh && udh[0] === 0) place = { reference: udh[2], total: udh[3], number: udh[4] };
  if (udh && udh[0] === 8) place = { reference: udh.readUInt16BE(2), total: udh[4], number: udh[5] };
  if (pdu.sar_total_segments) {
    place = { reference: pdu.sar_msg_ref_num, total: pdu.sar_total_segments, number: pdu.sar_segment_seqnum };
  }
  if (!place) return say('message', { text: message.message, parts: 1 });
  const known = parts.get(place.reference) || [];
  parts.set(place.reference, known);
  known[place.number - 1] = message.message;
  if (known.filter((part) => part !== undefined).length === place.total) {
    say('message', { text: known.join(''), parts: place.total, reference: place.reference });
  }
}

function fields(pdu) {
  const plain = {};
  for (const [key, value] of Object.entries(pdu)) {
    if (Buffer.isBuffer(value)) plain[key] = value.toString('latin1');
    else if (typeof value !== 'object') plain[key] = value;
  }
  // The library makes a date of it.
  plain.validity_period = pdu.validity_period ? 'set' : '';
  return plain;
}

function deliver(session, message) {
  session.deliver_sm({ source_addr: '1', destination_addr: '2', esm_class: 4, data_coding: 0, ...message }, (answer) =>
    say('delivered', { status: answer.command_status, text: message.short_message }));
}

function submit(session, pdu) {
  const step = plan.submit[Math.min(submitted, plan.submit.length - 1)];
  submitted += 1;
  say('submit', { ...fields(pdu) });
  const answer = () => {
    if (!step.status) received(pdu);
    session.send(pdu.response({ command_status: step.status || 0, message_id: step.id === undefined ? `m${submitted}` : step.id }));
  };
  const steps = {
    die: () => session.destroy(),
    hang: () => {},
    unbind: () => session.unbind(() => session.close()),
    enquire: () => session.enquire_link((pdu) => { say('alive', { status: pdu.command_status }); answer(); }),
    deliver: () => { deliver(session, step.message); answer(); },
    garbage: () => session.socket.write('HTTP/1.1 400 Bad Request\r\n\r\n'),
    nack: () => session.send(new smpp.PDU('generic_nack', { sequence_number: pdu.sequence_number, command_status: 3 })),
    // A response whose body holds no end of a string.
    garbled: () => {
      const octets = Buffer.from([0, 0, 0, 18, 0x80, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff]);
      octets.writeUInt32BE(pdu.sequence_number, 12);
      session.socket.write(octets);
    },
    // One octet at a time, as a slow line brings them.
    slowly: () => {
      received(pdu);
      const octets = pdu.response({ message_id: 'slow' }).toBuffer();
      let at = 0;
      const timer = setInterval(() => {
        session.socket.write(octets.subarray(at, at + 1));
        at += 1;
        if (at === octets.length) clearInterval(timer);
      }, 2);
    },
  };
  (steps[step.do] || answer)();
}

function bind(session, pdu) {
  say('bind', fields(pdu));
  if (plan.bind_do === 'hang') return;
  if (plan.bind_do === 'garbage') return session.socket.write('220 mail.example.com ESMTP\r\n');
  let status = plan.bind || 0;
  if (!status && pdu.password !== plan.password) status = smpp.ESME_RINVPASWD;
  session.send(pdu.response({ command_status: status, system_id: 'tests' }));
  if (!status) for (const message of plan.deliver || []) deliver(session, message);
}

function query(session, pdu) {
  say('query', fields(pdu));
  const { status = 0, state = 1, error = 0 } = plan.query || {};
  session.send(pdu.response({ command_status: status, message_id: pdu.message_id, message_state: state, error_code: error }));
  for (const message of (plan.query || {}).deliver || []) deliver(session, message);
}

const tls = plan.tls ? { key: fs.readFileSync(plan.tls.key), cert: fs.readFileSync(plan.tls.cert) } : {};
const server = smpp.createServer(tls, (session) => {
  session.on('error', () => {});
  session.on('bind_transceiver', (pdu) => bind(session, pdu));
  session.on('bind_transmitter', (pdu) => bind(session, pdu));
  session.on('submit_sm', (pdu) => submit(session, pdu));
  session.on('query_sm', (pdu) => query(session, pdu));
  session.on('unbind', (pdu) => { say('unbind', {}); if (!plan.keeps) { session.send(pdu.response()); session.close(); } });
});
server.on('tlsClientError', () => {});
server.listen(0, '127.0.0.1', () => process.stdout.write(`${server.address().port}\n`));
