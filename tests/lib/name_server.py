"""A name server for a test: answers from a table, knows no other name. In a thread, over UDP, at port 53 of an address."""
import socket
import struct
import threading

TYPES = {"A": 1, "NS": 2, "CNAME": 5, "PTR": 12, "MX": 15, "TXT": 16, "AAAA": 28, "SRV": 33}


def encode_name(name):
    return b"".join(bytes([len(label)]) + label.encode() for label in name.strip(".").split(".") if label) + b"\0"


def encode_data(kind, data):
    if kind == "A":
        return socket.inet_aton(data)
    if kind == "AAAA":
        return socket.inet_pton(socket.AF_INET6, data)
    if kind == "TXT":
        text = data.encode()
        return b"".join(bytes([len(text[i:i + 255])]) + text[i:i + 255] for i in range(0, len(text) or 1, 255))
    if kind == "SRV":
        *numbers, host = data.split()
        return struct.pack(">HHH", *map(int, numbers)) + encode_name(host)
    if kind == "MX":
        preference, host = data.split()
        return struct.pack(">H", int(preference)) + encode_name(host)
    return encode_name(data)


def question_of(packet):
    labels, at = [], 12
    while packet[at]:
        labels.append(packet[at + 1:at + 1 + packet[at]].decode("ascii", "replace").lower())
        at += 1 + packet[at]
    return ".".join(labels), struct.unpack(">H", packet[at + 1:at + 3])[0], packet[12:at + 5]


class NameServer:
    """records: (name, type, data) each; more may be added while it runs. Data None: the look-up of that name and type fails."""

    def __init__(self, records=(), address="127.0.0.1"):
        self.records = list(records)
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind((address, 53))
        threading.Thread(target=self.serve, daemon=True).start()

    def answer(self, packet):
        name, kind, question = question_of(packet)
        known = [record for record in self.records if record[0] == name]
        found = [record for record in known if TYPES[record[1]] == kind or record[1] == "CNAME"]
        fails = any(data is None for _, _, data in found)
        flags = 0x8580 | (2 if fails else 0 if known else 3)
        found = [] if fails else found
        reply = packet[:2] + struct.pack(">HHHHH", flags, 1, len(found), 0, 0) + question
        for _, its_type, data in found:
            encoded = encode_data(its_type, data)
            reply += b"\xc0\x0c" + struct.pack(">HHIH", TYPES[its_type], 1, 60, len(encoded)) + encoded
        return reply

    def serve(self):
        while True:
            try:
                packet, client = self.sock.recvfrom(4096)
                self.sock.sendto(self.answer(packet), client)
            except (IndexError, struct.error):
                continue
            except OSError:
                return
