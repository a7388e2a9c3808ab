"""A mail filter that answers as a table says, and a client for sessions of single lines."""
import socket
import struct
import threading


class Raw(bytes):
    """Written as it is, without a packet's length in front."""


class Filter(threading.Thread):
    """A filter that negotiates a protocol and answers each command by its letter from a table; it notes what it hears.
    An answer is a packet, or a list of packets; None hangs up, a number waits so many seconds."""

    def __init__(self, answers, protocol=0):
        super().__init__(daemon=True)
        self.answers, self.protocol, self.heard = answers, protocol, []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.closing = threading.Event()
        self.start()

    def run(self):
        while True:
            try:
                link, _ = self.listener.accept()
            except OSError:
                return
            with link, link.makefile("rwb") as stream:
                try:
                    self.converse(stream)
                except OSError:
                    pass

    def converse(self, stream):
        while len(head := stream.read(4)) == 4:
            packet = stream.read(struct.unpack("!I", head)[0])
            self.heard.append(packet)
            if packet[:1] == b"O":
                answer = b"O" + struct.pack("!III", 6, 0x1FF, self.protocol)
            else:
                answer = [] if packet[:1] in b"DQA" else self.answers.get(packet[:1], b"c")
            for one in answer if isinstance(answer, list) else [answer]:
                if one is None:
                    return
                if isinstance(one, (int, float)):
                    self.closing.wait(one)
                    continue
                stream.write(one if isinstance(one, Raw) else struct.pack("!I", len(one)) + one)
                stream.flush()

    def close(self):
        self.closing.set()
        self.listener.shutdown(socket.SHUT_RDWR)    # wakes accept(), which close() doesn't
        self.listener.close()


def talk(port, *commands):
    """What a server at that port says: the greeting, and the last line of each reply; "" once it has hung up."""
    with socket.create_connection(("127.0.0.1", port), 20) as link:
        stream = link.makefile("rw", newline="", encoding="ascii")
        said = [stream.readline().strip()]
        for command in commands:
            try:
                stream.write(command + "\r\n")
                stream.flush()
                line = stream.readline()
                while line[3:4] == "-":
                    line = stream.readline()
            except OSError:
                line = ""
            said.append(line.strip())
    return said
