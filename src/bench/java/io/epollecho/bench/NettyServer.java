package io.epollecho.bench;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandler.Sharable;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.uring.IoUring;
import io.netty.channel.uring.IoUringAdaptiveBufferRingAllocator;
import io.netty.channel.uring.IoUringBufferRingConfig;
import io.netty.channel.uring.IoUringChannelOption;
import io.netty.channel.uring.IoUringIoHandler;
import io.netty.channel.uring.IoUringIoHandlerConfig;
import io.netty.channel.uring.IoUringServerSocketChannel;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;

import java.io.IOException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * A Netty server, based on Netty's echo example. Arguments: transport, port, event loops, and for
 * TLS the TLS port, the certificate file and the TLS provider.
 */
final class NettyServer {

    /** The group of the buffer ring, without which io_uring cannot use multishot receives. */
    private static final short BUFFER_GROUP = 1;

    private static final short BUFFERS = 256;

    private record NettyTransport(
            IoHandlerFactory handlers, Class<? extends ServerChannel> channels) {}

    @Sharable
    private static final class Echo extends ChannelInboundHandlerAdapter {

        @Override
        @SuppressWarnings("FutureReturnValueIgnored") // a failed write closes the channel
        public void channelRead(ChannelHandlerContext context, Object message) {
            context.write(message, context.voidPromise());
        }

        @Override
        public void channelReadComplete(ChannelHandlerContext context) {
            context.flush();
        }

        @Override
        @SuppressWarnings("FutureReturnValueIgnored")
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            context.close();
        }
    }

    private NettyServer() {}

    static void main(String[] args)
            throws InterruptedException, IOException, GeneralSecurityException {
        NettyTransport transport = transport(args[0]);
        var group =
                new MultiThreadIoEventLoopGroup(Integer.parseInt(args[2]), transport.handlers());
        ServerBootstrap server =
                new ServerBootstrap()
                        .group(group)
                        .channel(transport.channels())
                        .option(ChannelOption.SO_BACKLOG, 4096)
                        .childOption(ChannelOption.TCP_NODELAY, true);
        if (args[0].equals("io_uring")) {
            server.childOption(IoUringChannelOption.IO_URING_BUFFER_GROUP_ID, BUFFER_GROUP);
        }
        var echo = new Echo();
        if (args.length > 3) {
            SslProvider provider = SslProvider.valueOf(args[5]);
            server.clone()
                    .childHandler(overTls(context(Path.of(args[4]), provider), echo))
                    .bind(Integer.parseInt(args[3]))
                    .sync();
        }
        // Bind this port last, because the benchmark takes it as the sign that the server is ready.
        server.clone().childHandler(echo).bind(Integer.parseInt(args[1])).sync();
    }

    private static NettyTransport transport(String name) {
        return switch (name) {
            case "nio" ->
                    new NettyTransport(NioIoHandler.newFactory(), NioServerSocketChannel.class);
            case "epoll" ->
                    new NettyTransport(EpollIoHandler.newFactory(), EpollServerSocketChannel.class);
            case "io_uring" ->
                    new NettyTransport(
                            IoUringIoHandler.newFactory(ioUring()),
                            IoUringServerSocketChannel.class);
            default -> throw new IllegalArgumentException(name);
        };
    }

    private static IoUringIoHandlerConfig ioUring() {
        return new IoUringIoHandlerConfig()
                .setBufferRingConfig(
                        IoUringBufferRingConfig.builder()
                                .bufferGroupId(BUFFER_GROUP)
                                .bufferRingSize(BUFFERS)
                                .batchSize(BUFFERS / 4)
                                .incremental(IoUring.isRegisterBufferRingIncSupported())
                                .allocator(new IoUringAdaptiveBufferRingAllocator())
                                .build());
    }

    private static SslContext context(Path certificate, SslProvider provider)
            throws IOException, GeneralSecurityException {
        Certificate server = Certificate.load(certificate);
        return SslContextBuilder.forServer(server.key(), server.certificate())
                .sslProvider(provider)
                .protocols(Certificate.PROTOCOL)
                .ciphers(List.of(Certificate.CIPHER_SUITE))
                .build();
    }

    /** Runs handshakes on a worker thread, as Netty recommends for long tasks. */
    private static ChannelHandler overTls(SslContext context, Echo echo) {
        ExecutorService worker = Executors.newSingleThreadExecutor();
        return new ChannelInitializer<Channel>() {
            @Override
            protected void initChannel(Channel channel) {
                channel.pipeline().addLast(context.newHandler(channel.alloc(), worker), echo);
            }
        };
    }
}
