package io.epollecho.bench;

import io.epollecho.bench.Client.CpuTime;
import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.handler.ssl.OpenSslContextOption;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import io.netty.handler.ssl.SslProvider;
import io.netty.handler.ssl.util.InsecureTrustManagerFactory;
import io.netty.util.concurrent.Promise;

import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

import javax.net.ssl.SSLSession;

/**
 * The client for work over TLS. It uses OpenSSL, which is faster than the JDK's TLS, so that the
 * server is the bottleneck. All handshakes are full handshakes.
 */
final class TlsClient {

    /** Number of loopback addresses, see {@link Cycles}. */
    private static final int ADDRESSES = 200;

    private static final int OPENING_AT_ONCE = 32;
    private static final int ECHOES_BEFORE_IDLE = 2;
    private static final int TIMEOUT_SECONDS = 120;
    private static final long HIGHEST_NANOS = TimeUnit.MINUTES.toNanos(1);

    private final EventLoop loop =
            new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory()).next();
    private final SslContext context;
    private final List<Channel> idle = new ArrayList<>();

    TlsClient() throws IOException {
        context =
                SslContextBuilder.forClient()
                        .sslProvider(SslProvider.OPENSSL)
                        .protocols(Certificate.PROTOCOL)
                        .option(OpenSslContextOption.GROUPS, new String[] {Certificate.GROUP})
                        .trustManager(InsecureTrustManagerFactory.INSTANCE)
                        .build();
    }

    void closeIdle() {
        idle.stream().map(Channel::close).toList().forEach(ChannelFuture::awaitUninterruptibly);
        idle.clear();
    }

    Outcome work(long pid, int port, Work work) throws IOException {
        var run = new Run(new CpuTime(pid), port, work);
        try {
            await(call(run::begin));
            if (work.kind() == Work.Kind.IDLE) {
                idle.addAll(run.open);
                return new Outcome(idle.size(), 0, 0, 0, 0, 0, "");
            }
            after(work.warmupMillis(), run::measuring);
            Outcome outcome = after(work.millis(), run::measured);
            call(run::close);
            return outcome;
        } catch (TimeoutException e) {
            return Outcome.failed("no answer");
        } catch (ExecutionException e) {
            return Outcome.failed(String.valueOf(e.getCause()));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException(e);
        } finally {
            run.message.release(); // writes on their way hold it until they are done
        }
    }

    private <T> T call(Callable<T> task) throws InterruptedException, ExecutionException {
        return loop.submit(task).get();
    }

    private <T> T after(long millis, Callable<T> task)
            throws InterruptedException, ExecutionException {
        return loop.schedule(task, millis, TimeUnit.MILLISECONDS).get();
    }

    private static void await(Promise<Void> promise)
            throws InterruptedException, ExecutionException, TimeoutException {
        promise.get(TIMEOUT_SECONDS, TimeUnit.SECONDS);
    }

    /** One piece of work. All its methods run on the event loop. */
    private final class Run {

        private final CpuTime cpu;
        private final int port;
        private final Work work;
        private final ByteBuf message;
        private final List<Channel> open = new ArrayList<>();
        private final List<Echoes> ready = new ArrayList<>();
        private final Promise<Void> begun = loop.newPromise();
        private final Histogram latency = new Histogram(HIGHEST_NANOS, 3);
        private int opened;
        private boolean over;
        private long startedAt;
        private String fault = "";

        Run(CpuTime cpu, int port, Work work) {
            this.cpu = cpu;
            this.port = port;
            this.work = work;
            byte[] bytes = new byte[work.size()];
            for (int i = 0; i < bytes.length; i++) {
                bytes[i] = (byte) (i * 31 + (i >> 8));
            }
            message = Unpooled.directBuffer(bytes.length).writeBytes(bytes).asReadOnly();
        }

        Promise<Void> begin() {
            for (int i = 0; i < Math.min(work.connections(), OPENING_AT_ONCE); i++) {
                connect();
            }
            return begun;
        }

        private void connect() {
            int address = 1 + opened % ADDRESSES;
            opened++;
            new Bootstrap()
                    .group(loop)
                    .channel(EpollSocketChannel.class)
                    .option(ChannelOption.TCP_NODELAY, true)
                    .handler(
                            new ChannelInitializer<Channel>() {
                                @Override
                                protected void initChannel(Channel channel) {
                                    // Without the peer's name, no session is resumed.
                                    channel.pipeline()
                                            .addLast(
                                                    context.newHandler(channel.alloc()),
                                                    new Echoes(Run.this));
                                }
                            })
                    .connect("127.0.0." + address, port)
                    .addListener(
                            connected -> {
                                if (!connected.isSuccess()) {
                                    failed(String.valueOf(connected.cause()));
                                }
                            });
        }

        void handshaken(Echoes echoes, SSLSession session) {
            if (!session.getProtocol().equals(Certificate.PROTOCOL)
                    || !session.getCipherSuite().equals(Certificate.CIPHER_SUITE)) {
                failed("negotiated " + session.getProtocol() + ' ' + session.getCipherSuite());
            }
            open.add(echoes.channel());
            switch (work.kind()) {
                case LOAD -> {
                    ready.add(echoes);
                    if (ready.size() == work.connections()) {
                        ready.forEach(Echoes::send);
                        begun.trySuccess(null);
                    }
                    connectMore();
                }
                case CYCLES -> {
                    begun.trySuccess(null);
                    echoes.send();
                }
                case IDLE -> echoes.send();
            }
        }

        private void connectMore() {
            if (opened < work.connections()) {
                connect();
            }
        }

        void echoed(Echoes echoes, long nanos) {
            latency.recordValue(Math.min(nanos, HIGHEST_NANOS));
            if (over) {
                return;
            }
            switch (work.kind()) {
                case LOAD -> echoes.send();
                case CYCLES -> {
                    open.remove(echoes.channel());
                    echoes.close();
                    connect();
                }
                case IDLE -> {
                    if (echoes.completed < ECHOES_BEFORE_IDLE) {
                        echoes.send();
                        return;
                    }
                    ready.add(echoes);
                    if (ready.size() == work.connections()) {
                        begun.trySuccess(null);
                    }
                    connectMore();
                }
            }
        }

        @SuppressWarnings("NullAway") // returns null, because a Callable must have a result
        Void measuring() {
            latency.reset();
            startedAt = System.nanoTime();
            cpu.measuring();
            return null;
        }

        Outcome measured() {
            cpu.measured();
            return outcome();
        }

        Outcome outcome() {
            long messages = latency.getTotalCount();
            return new Outcome(
                    messages,
                    System.nanoTime() - startedAt,
                    cpu.used(),
                    latency.getValueAtPercentile(50),
                    latency.getValueAtPercentile(99),
                    latency.getValueAtPercentile(99.9),
                    messages == 0 && fault.isEmpty() ? "no answer" : fault);
        }

        @SuppressWarnings({"NullAway", "FutureReturnValueIgnored"})
        Void close() {
            over = true;
            open.forEach(Channel::close);
            return null;
        }

        void failed(String reason) {
            if (fault.isEmpty() && !over) {
                fault = reason;
                begun.tryFailure(new IOException(reason));
            }
        }
    }

    /** Sends the message on a connection and verifies the echo. */
    private static final class Echoes extends ChannelInboundHandlerAdapter {

        private final Run run;
        private int received;
        private int completed;
        private long sentAt;
        private boolean closed;
        private @Nullable ChannelHandlerContext context;

        Echoes(Run run) {
            this.run = run;
        }

        @Override
        public void handlerAdded(ChannelHandlerContext added) {
            context = added;
        }

        private ChannelHandlerContext context() {
            return Objects.requireNonNull(context);
        }

        Channel channel() {
            return context().channel();
        }

        @SuppressWarnings("FutureReturnValueIgnored") // a failed write closes the channel
        void send() {
            sentAt = System.nanoTime();
            context().writeAndFlush(run.message.duplicate().retain(), context().voidPromise());
        }

        @SuppressWarnings("FutureReturnValueIgnored")
        void close() {
            closed = true;
            context().close();
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
            if (event instanceof SslHandshakeCompletionEvent handshake) {
                if (handshake.isSuccess()) {
                    SslHandler handler = ctx.pipeline().get(SslHandler.class);
                    run.handshaken(this, handler.engine().getSession());
                } else {
                    run.failed(String.valueOf(handshake.cause()));
                }
            }
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object bytes) {
            ByteBuf buffer = (ByteBuf) bytes;
            try {
                int count = buffer.readableBytes();
                ByteBuf sent = run.message;
                if (count > sent.readableBytes() - received
                        || !ByteBufUtil.equals(
                                buffer, buffer.readerIndex(), sent, received, count)) {
                    run.failed("wrong bytes were echoed");
                }
                received += count;
            } finally {
                buffer.release();
            }
            if (received == run.message.readableBytes()) {
                received = 0;
                completed++;
                run.echoed(this, System.nanoTime() - sentAt);
            }
        }

        @Override
        public void channelInactive(ChannelHandlerContext ctx) {
            if (!closed) {
                run.failed("a connection was closed");
            }
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            if (!closed) {
                run.failed(cause.toString());
            }
        }
    }
}
