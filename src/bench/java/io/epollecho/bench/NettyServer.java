package io.epollecho.bench;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.ChannelHandler.Sharable;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.uring.IoUringIoHandler;
import io.netty.channel.uring.IoUringServerSocketChannel;

/** Netty, as in its own echo example. Arguments: transport, port, loops. */
final class NettyServer {

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

    static void main(String[] args) throws InterruptedException {
        NettyTransport transport = transport(args[0]);
        var group =
                new MultiThreadIoEventLoopGroup(Integer.parseInt(args[2]), transport.handlers());
        new ServerBootstrap()
                .group(group)
                .channel(transport.channels())
                .option(ChannelOption.SO_BACKLOG, 4096)
                .childOption(ChannelOption.TCP_NODELAY, true)
                .childHandler(new Echo())
                .bind(Integer.parseInt(args[1]))
                .sync();
    }

    private static NettyTransport transport(String name) {
        return switch (name) {
            case "nio" ->
                    new NettyTransport(NioIoHandler.newFactory(), NioServerSocketChannel.class);
            case "epoll" ->
                    new NettyTransport(EpollIoHandler.newFactory(), EpollServerSocketChannel.class);
            case "io_uring" ->
                    new NettyTransport(
                            IoUringIoHandler.newFactory(), IoUringServerSocketChannel.class);
            default -> throw new IllegalArgumentException(name);
        };
    }
}
