/* The network of network.py: a switch with one cable to each host.

       network HOSTS GIGABITS MILLISECONDS

   makes the devices link0, link1, ... and passes packets between them. Device i has the
   address 10.0.0.(i + 1). A packet leaves the switch when its receiver's cable is free,
   takes the time that the cable needs for its bytes, and arrives after half of the time
   of a round trip. The cable from a host to the switch is limited by the host's own tbf
   queue, as a network card limits it, so that TCP there sees what waits.

   With IFF_VNET_HDR and offloads, a packet carries up to 64 kB of TCP data and no
   checksum. The kernel treats it as packets of the MTU, but copies it in one piece. */

#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <malloc.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum {
    MAX_HOSTS = 64,
    MAX_PACKET = 65536 + sizeof(struct virtio_net_hdr),
    /* Bytes of an IPv4 header, at least. */
    IP_HEADER = 20,
    /* Packets read from one host before the others have their turn. */
    BURST = 8,
    /* Bytes that the switch keeps for a host before it drops packets. */
    BUFFER = 8 << 20,
};

struct packet {
    struct packet *next;
    int64_t due;
    ssize_t n_bytes;
    char data[];
};

struct cable {
    struct packet *first, *last;
    int64_t free_at; /* when the bytes that it already has to carry have passed */
    int64_t n_dropped;
};

static struct cable cables[MAX_HOSTS];
static struct pollfd devices[MAX_HOSTS];
static int n_hosts;
static double nanoseconds_per_byte;
static int64_t delay;

static int64_t now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static void check(int result, const char *what)
{
    if (result < 0) {
        perror(what);
        exit(1);
    }
}

static int open_device(int host)
{
    struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI | IFF_VNET_HDR};
    snprintf(request.ifr_name, IFNAMSIZ, "link%d", host);
    int device = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    check(device, "/dev/net/tun");
    check(ioctl(device, TUNSETIFF, &request), request.ifr_name);
    check(ioctl(device, TUNSETOFFLOAD, TUN_F_CSUM | TUN_F_TSO4), "offloads");
    return device;
}

/* Return the receiver of an IPv4 packet, or -1. */
static int receiver(const struct packet *packet)
{
    const unsigned char *ip =
        (const unsigned char *)packet->data + sizeof(struct virtio_net_hdr);
    if (packet->n_bytes < (ssize_t)sizeof(struct virtio_net_hdr) + IP_HEADER)
        return -1;
    int host = ip[19] - 1;
    int is_known = ip[0] >> 4 == 4 && ip[16] == 10 && host >= 0 && host < n_hosts;
    return is_known ? host : -1;
}

static void enqueue(struct packet *packet, struct cable *cable)
{
    int64_t time = now();
    if ((cable->free_at - time) / nanoseconds_per_byte > BUFFER) {
        cable->n_dropped++;
        free(packet);
        return;
    }
    if (cable->free_at < time)
        cable->free_at = time;
    cable->free_at += (int64_t)(packet->n_bytes * nanoseconds_per_byte);
    packet->due = cable->free_at + delay;
    packet->next = NULL;
    if (cable->first)
        cable->last->next = packet;
    else
        cable->first = packet;
    cable->last = packet;
}

/* Take packets from a host until it has no more, or had its turn. */
static void receive(int device)
{
    for (int i = 0; i < BURST; i++) {
        struct packet *packet = malloc(sizeof *packet + MAX_PACKET);
        check(packet ? 0 : -1, "malloc");
        packet->n_bytes = read(device, packet->data, MAX_PACKET);
        if (packet->n_bytes < 0) {
            free(packet);
            return;
        }
        int host = receiver(packet);
        if (host < 0)
            free(packet);
        else /* it shrinks, which does not fail */
            enqueue(realloc(packet, sizeof *packet + packet->n_bytes), &cables[host]);
    }
}

/* Hand a host the packets that are due. Return when the next one is. */
static int64_t deliver(int host)
{
    struct cable *cable = &cables[host];
    while (cable->first && cable->first->due <= now()) {
        struct packet *packet = cable->first;
        if (write(devices[host].fd, packet->data, packet->n_bytes) < 0)
            cable->n_dropped++;
        cable->first = packet->next;
        free(packet);
    }
    return cable->first ? cable->first->due : INT64_MAX;
}

static volatile sig_atomic_t is_stopped;

static void stop(int signal)
{
    (void)signal;
    is_stopped = 1;
}

static void pass_packets(void)
{
    while (!is_stopped) {
        int64_t next = INT64_MAX;
        for (int i = 0; i < n_hosts; i++) {
            int64_t due = deliver(i);
            next = due < next ? due : next;
        }
        int64_t wait = next == INT64_MAX ? 1000000000 : next - now();
        wait = wait < 0 ? 0 : wait;
        struct timespec timeout = {wait / 1000000000, wait % 1000000000};
        if (ppoll(devices, n_hosts, &timeout, NULL) <= 0)
            continue;
        for (int i = 0; i < n_hosts; i++)
            if (devices[i].revents & POLLIN)
                receive(devices[i].fd);
    }
}

int main(int argc, char **argv)
{
    if (argc != 4 || (n_hosts = atoi(argv[1])) > MAX_HOSTS) {
        fprintf(stderr, "network HOSTS GIGABITS MILLISECONDS\n");
        return 2;
    }
    nanoseconds_per_byte = 8 / atof(argv[2]);
    delay = (int64_t)(atof(argv[3]) * 1e6 / 2);
    /* The devices disappear with this process, and this process with network.py. */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    /* Ctrl-C stops network.py, which still needs the devices' counts. */
    signal(SIGINT, SIG_IGN);
    signal(SIGTERM, stop);
    /* A switch has its own processor: it goes before the hosts, and on time. */
    check(setpriority(PRIO_PROCESS, 0, -20), "priority");
    prctl(PR_SET_TIMERSLACK, 1);
    /* Keep freed memory: asking the kernel for it again takes a quarter of the time. */
    mallopt(M_TRIM_THRESHOLD, 1 << 30);
    mallopt(M_MMAP_THRESHOLD, 1 << 20);
    for (int i = 0; i < n_hosts; i++)
        devices[i] = (struct pollfd){.fd = open_device(i), .events = POLLIN};
    puts("ready");
    fflush(stdout);
    pass_packets();
    int64_t n_dropped = 0;
    for (int i = 0; i < n_hosts; i++)
        n_dropped += cables[i].n_dropped;
    printf("%lld\n", (long long)n_dropped);
    return 0;
}
