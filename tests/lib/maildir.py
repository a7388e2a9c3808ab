"""An instance that delivers here.example into a Maildir, and a client that sends to it."""
import os
import smtplib

from instance import Instance

RETRY = "minimal_backoff_time = 1s\nmaximal_backoff_time = 1s\nqueue_run_delay = 1s\n"


def mail_instance(main_cf="", services=""):
    """Every address at here.example goes to one Maildir."""
    instance = Instance("mydestination =\nvirtual_mailbox_domains = here.example\nvirtual_mailbox_maps = static:box/\n" + RETRY
                        + main_cf, services)
    uid, gid = (65534, 65534) if instance.is_root else (os.geteuid(), os.getegid())
    os.mkdir(instance.root + "/mail")
    os.chown(instance.root + "/mail", uid, gid)
    instance.append("main.cf", f"virtual_mailbox_base = {instance.root}/mail\nvirtual_uid_maps = static:{uid}\n"
                               f"virtual_gid_maps = static:{gid}\n")
    return instance


def send(instance, recipient="someone@here.example", text="Subject: t\r\n\r\nhello\r\n", timeout=20):
    """The code that the message got, or what went wrong as text."""
    try:
        with smtplib.SMTP("127.0.0.1", instance.port, "client.example", timeout=timeout) as client:
            client.sendmail("sender@client.example", [recipient], text)
        return 250
    except smtplib.SMTPRecipientsRefused as refusal:
        return next(iter(refusal.recipients.values()))[0]
    except smtplib.SMTPResponseException as refusal:
        return refusal.smtp_code
    except (OSError, smtplib.SMTPException) as failure:
        return str(failure)


def delivered(instance):
    """How many messages the Maildir holds."""
    folder = f"{instance.root}/mail/box/new"
    return len(os.listdir(folder)) if os.path.isdir(folder) else 0
