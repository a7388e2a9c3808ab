"""A mail server that a test sends to: takes every message, and answers otherwise where it is told to."""
import socket
import ssl
import threading


class NextHop:
    """keywords: lines of the EHLO reply. answers: VERB -> reply (without CR LF; None: it hangs up). certificate: a file for STARTTLS. early: VERB ->
    bytes that follow its reply in the same write (with a certificate: within TLS only); "TLS": bytes that
    follow the handshake. What clients say is in lines, what they send in messages."""

    def __init__(self, address="127.0.0.1", port=0, keywords=(), answers=None, certificate=None, early=None):
        self.keywords, self.answers, self.early = list(keywords), dict(answers or {}), dict(early or {})
        self.lines, self.messages, self.connections = [], [], 0
        self.context = None
        if certificate:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(certificate)
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind((address, port))
        self.listener.listen(50)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)    # wakes the thread in accept(); close() alone leaves it there
        self.listener.close()

    def hello(self, secure):
        words = self.keywords + (["STARTTLS"] if self.context and not secure else [])
        lines = ["next.hop.example", *words]
        return "\r\n".join(f"250{'-' if i + 1 < len(lines) else ' '}{line}" for i, line in enumerate(lines))

    def reply(self, verb, secure):
        default = {"EHLO": self.hello(secure), "LHLO": self.hello(secure), "DATA": "354 go on", "QUIT": "221 bye",
                   "STARTTLS": "220 go ahead"}
        return self.answers.get(verb, default.get(verb, "250 2.0.0 ok"))

    def serve(self, client):
        try:
            self.talk(client)
        except OSError:     # a client may leave at any time
            pass
        finally:
            client.close()

    def talk(self, client):
        secure = False
        stream = client.makefile("rwb", buffering=0)
        stream.write(self.answers.get("CONNECT", "220 next.hop.example ESMTP").encode() + b"\r\n")
        while line := stream.readline():
            text = line.decode("utf-8", "replace").rstrip("\r\n")
            verb = text.split(" ")[0].upper()
            self.lines.append(text)
            said = self.reply(verb, secure)
            if said is None:
                return
            early = self.early.get(verb, b"") if secure or not self.context else b""
            stream.write(said.encode() + b"\r\n" + early)
            if verb == "STARTTLS" and said.startswith("220"):
                client = self.context.wrap_socket(client, server_side=True)
                stream = client.makefile("rwb", buffering=0)
                secure = True
                stream.write(self.early.get("TLS", b""))
            elif verb == "DATA" and said.startswith("354"):
                self.take_content(stream)
            elif verb == "QUIT":
                return

    def take_content(self, stream):
        content = []
        while (line := stream.readline()) != b".\r\n":
            if not line:
                return      # broken off: no message
            content.append(line)
        self.messages.append(b"".join(content))
        stream.write(self.answers.get(".", "250 2.0.0 taken").encode() + b"\r\n")
